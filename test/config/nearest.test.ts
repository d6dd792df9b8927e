import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/config/nearest.ts';

const names = ['trustDomain', 'dataDir', 'store', 'keys', 'ca', 'listen', 'log', 'logLevel'];

describe('nearest', () => {
  it.each([
    ['trust_domain', 'trustDomain'],
    ['trust-domain', 'trustDomain'],
    ['TrustDomain', 'trustDomain'],
    ['trustDomian', 'trustDomain'],
    ['datadir', 'dataDir'],
    ['stroe', 'store'],
    ['key', 'keys'],
    ['loglevel', 'logLevel'],
  ])('takes %s for %s', (typed, meant) => {
    expect(nearest(typed, names)).toBe(meant);
  });

  it.each(['postgres', 'x', 'zzzzzz', '', 'a'.repeat(65)])(
    'has nothing to say about %j',
    (typed) => {
      expect(nearest(typed, names)).toBeUndefined();
    },
  );

  it('knows every name by itself', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), (name) => {
        expect(nearest(name, names)).toBe(name);
      }),
    );
  });

  it('finds a name in which two neighbours were swapped', () => {
    const at = fc.integer({ min: 0, max: 9 });
    fc.assert(
      fc.property(at, (index) => {
        const letters = 'trustDomain'.split('');
        const [a = '', b = ''] = letters.slice(index, index + 2);
        letters.splice(index, 2, b, a);
        expect(nearest(letters.join(''), names)).toBe('trustDomain');
      }),
    );
  });
});
