import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../src/config/yaml-source.ts';
import { errorOf } from '../support/error-of.ts';

const failureOf = async (text: string) => {
  const error = await errorOf(() => parseYaml(text, 'a.yaml'));
  return error && { reason: error.reason, ...error.details };
};

describe('parseYaml', () => {
  it('reads one document', () => {
    expect(parseYaml('a: 1\nb: [x, "y"]\n', 'a.yaml').value).toEqual({ a: 1, b: ['x', 'y'] });
  });

  it('takes an empty file for nothing', () => {
    expect(parseYaml('# nothing yet\n', 'a.yaml').value).toBeNull();
  });

  it('does not take yes, no and sexagesimal numbers for anything but text', () => {
    expect(parseYaml('a: no\nb: 12:30\nc: 010\n', 'a.yaml').value).toEqual({
      a: 'no',
      b: '12:30',
      c: 10,
    });
  });

  it.each([
    { why: 'a key that is there twice', text: 'a: 1\nb: 2\na: 3\n', line: 3, column: 1 },
    { why: 'an open bracket', text: 'a: [1,\n', line: 2, column: 1 },
    { why: 'a tab as indentation', text: 'a:\n\tb: 1\n', line: 2, column: 1 },
    { why: 'a second document', text: 'a: 1\n---\nb: 1\n', line: 2, column: 1 },
    { why: 'a tag that would make something', text: 'a: !!js/function x\n', line: 1, column: 4 },
  ])('refuses $why, and says where', async ({ text, line, column }) => {
    const failure = { reason: 'config.syntax', file: 'a.yaml', line, column };
    expect(await failureOf(text)).toEqual(failure);
  });

  it.each(['a: &x 1\n', 'a: &x 1\nb: *x\n', 'a: &x {b: 1}\nc:\n  <<: *x\n'])(
    'refuses anchors and aliases: %j',
    async (text) => {
      expect(await failureOf(text)).toMatchObject({
        reason: 'config.alias',
        line: expect.any(Number) as unknown,
      });
    },
  );

  it('does not parse a file that is too long', async () => {
    expect(await failureOf(`a: "${'x'.repeat(262_144)}"`)).toMatchObject({
      reason: 'config.too_long',
    });
  });

  it('points at values, at keys, and at what is around what is not there', () => {
    const source = parseYaml('a:\n  b: 1\n  c: [x, y]\n', 'a.yaml');
    const at = (line: number, column: number) => ({ file: 'a.yaml', line, column });
    expect(source.locate(['a', 'b'])).toEqual(at(2, 6));
    expect(source.locateKey(['a', 'b'])).toEqual(at(2, 3));
    expect(source.locate(['a', 'c', 1])).toEqual(at(3, 10));
    expect(source.locate(['a', 'missing'])).toEqual(at(2, 3));
    expect(source.locate([])).toEqual(at(1, 1));
  });
});
