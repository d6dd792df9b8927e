import { describe, expect, it } from 'vitest';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import { reasonOf } from '../support/reason-of.ts';

// What go-spiffe v2 documents for spiffeid.FromString, so that an ID means the same on both sides.
describe('agreement with go-spiffe', () => {
  it.each([
    'spiffe://trustdomain',
    'spiffe://trustdomain/path',
    'spiffe://trustdomain/path/element',
    'spiffe://trustdomain/.a',
    'spiffe://trustdomain/...',
    'spiffe://trustdomain/a.b-c_d',
    'spiffe://1.2.3.4/path',
    'spiffe://trustdomain/PATH',
  ])('accepts %s', (text) => {
    expect(parseSpiffeId(text)).toBe(text);
  });

  it.each([
    '',
    'trustdomain',
    'trustdomain/path',
    'http://trustdomain/path',
    'Spiffe://trustdomain',
    'spiffe:/path',
    'spiffe://',
    'spiffe:///path',
    'spiffe://trustdomain/',
    'spiffe://trustdomain//',
    'spiffe://trustdomain//path',
    'spiffe://trustdomain/path/',
    'spiffe://trustdomain/.',
    'spiffe://trustdomain/..',
    'spiffe://trustdomain/./path',
    'spiffe://trustdomain/path/../other',
    'spiffe://Trustdomain',
    'spiffe://trust domain',
    'spiffe://trustdomain:80/path',
    'spiffe://user@trustdomain/path',
    'spiffe://trustdomain/path?query',
    'spiffe://trustdomain/path#fragment',
    'spiffe://trustdomain/p%20th',
    'spiffe://%F0%9F%A4%AF/path',
    'spiffe://trustdomain/\u{1f92f}',
    'spiffe://trustdomain/pa\u2215th',
  ])('refuses %j', (text) => {
    expect(reasonOf(() => parseSpiffeId(text))).toBeDefined();
  });
});
