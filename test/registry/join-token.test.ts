import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkJoinToken, joinTokenHash, newJoinToken } from '../../src/registry/join-token.ts';
import { reasonOf } from '../support/reason-of.ts';

const refusal = (token: string) => reasonOf(() => checkJoinToken(token));

describe('a join token that is drawn', () => {
  it('is a random UUID, another one each time, and acceptable', () => {
    const drawn = Array.from({ length: 100 }, newJoinToken);
    expect(new Set(drawn).size).toBe(100);
    for (const token of drawn) {
      expect(token).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
      expect(refusal(token)).toBeUndefined();
    }
  });
});

describe('a join token that is chosen', () => {
  it('has 1 to 255 characters', () => {
    expect(refusal('')).toBe('join_token.malformed');
    expect(refusal('a')).toBeUndefined();
    expect(refusal('a'.repeat(255))).toBeUndefined();
    expect(refusal('a'.repeat(256))).toBe('join_token.malformed');
  });

  it('holds what a segment of a SPIFFE ID may hold and nothing else', () => {
    const safe = /[A-Za-z0-9._-]/;
    for (let code = 0; code < 0x180; code += 1) {
      const character = String.fromCharCode(code);
      expect(refusal(`a${character}`) === undefined).toBe(safe.test(character));
    }
  });

  it.each(['.', '..'])('is not %s, which would be another path', (token) => {
    expect(refusal(token)).toBe('join_token.malformed');
  });

  it('may hold dots beside other characters', () => {
    for (const token of ['...', 'a.b', '.a']) expect(refusal(token)).toBeUndefined();
  });
});

describe('the hash of a join token', () => {
  it('is SHA-256 in lower-case hex', () => {
    const expected = createHash('sha256').update('t0ken').digest('hex');
    expect(joinTokenHash('t0ken')).toBe(expected);
    expect(joinTokenHash('t0keN')).not.toBe(expected);
  });
});
