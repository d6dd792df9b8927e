import { describe, expect, it } from 'vitest';
import { checkDnsNames } from '../../src/pki/dns-name.ts';
import { reasonOf } from '../support/reason-of.ts';

describe('checkDnsNames', () => {
  it.each([
    { names: [] },
    { names: ['a'] },
    { names: ['a.example', 'b.example', 'x.a.example'] },
    { names: ['*.example', 'a.b.example', 'example'] },
    { names: ['xn--bcher-kva.example', '1.2.3.example', 'UPPER.example'] },
    { names: [`${'a'.repeat(63)}.example`] },
    { names: [`${'a.'.repeat(126)}a`] },
  ])('accepts $names', ({ names }) => {
    expect(reasonOf(() => checkDnsNames(names))).toBeUndefined();
  });

  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '-a',
    'a-',
    'a_b',
    'a b',
    'a\n',
    'a"',
    "a'",
    '{{.}}',
    'a/b',
    'a+b',
    'a,DNS:b',
    '*',
    '**.a',
    'a.*',
    'a*.b',
    '*.*.a',
    'ü.example',
    'a\0',
    `${'a'.repeat(64)}.b`,
    `${'a.'.repeat(127)}a`,
  ])('refuses %j', (text) => {
    expect(reasonOf(() => checkDnsNames(['good.example', text]))).toBe('names.dns');
  });

  it.each([
    { why: 'a name twice', names: ['a.example', 'a.example'] },
    { why: 'a name twice but for case', names: ['a.example', 'A.Example'] },
    { why: 'a name under a wildcard', names: ['*.example', 'a.example'] },
    { why: 'a name before its wildcard', names: ['a.example', '*.EXAMPLE'] },
  ])('refuses $why', ({ names }) => {
    expect(reasonOf(() => checkDnsNames(names))).toBe('names.covered');
  });

  it('refuses 65 names', () => {
    const names = Array.from({ length: 65 }, (_, i) => `h${String(i)}.example`);
    expect(reasonOf(() => checkDnsNames(names.slice(1)))).toBeUndefined();
    expect(reasonOf(() => checkDnsNames(names))).toBe('names.too_many');
  });
});
