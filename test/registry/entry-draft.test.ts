import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type EntryFields,
  parseEntryDraft,
  parseWorkloadId,
} from '../../src/registry/entry-draft.ts';
import type { Reason } from '../../src/runtime/reasons.ts';
import { parseTrustDomain } from '../../src/spiffe/trust-domain.ts';
import { selectors } from '../store/builders.ts';
import { reasonOf } from '../support/reason-of.ts';

const trustDomain = parseTrustDomain('prod.example');

function fields(changes: Partial<EntryFields> = {}): EntryFields {
  return {
    spiffeId: 'spiffe://prod.example/web',
    parentId: 'spiffe://prod.example/spire/agent/join_token/n1',
    selectors: ['unix:uid:1000'],
    ...changes,
  };
}

const parse = (changes: Partial<EntryFields> = {}) => parseEntryDraft(fields(changes), trustDomain);
const refusal = (changes: Partial<EntryFields>) => reasonOf(() => parse(changes));
const numbered = (count: number, prefix: string, suffix = '') =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}${suffix}`);

describe('an entry that states the least', () => {
  it('has zero values for the rest, and no id', () => {
    expect(parse()).toEqual({
      spiffeId: 'spiffe://prod.example/web',
      parentId: 'spiffe://prod.example/spire/agent/join_token/n1',
      selectors: ['unix:uid:1000'],
      x509SvidTtlSeconds: 0,
      jwtSvidTtlSeconds: 0,
      federatesWith: [],
      dnsNames: [],
      admin: false,
      downstream: false,
      storeSvid: false,
      hint: '',
      expiresAt: 0,
    });
  });
});

describe('an entry that states everything', () => {
  it('keeps it', () => {
    const stated = {
      id: 'web-1',
      x509SvidTtlSeconds: 600,
      jwtSvidTtlSeconds: 60,
      federatesWith: ['a.example', 'b.example'],
      dnsNames: ['web.example', '*.pods.example'],
      admin: true,
      downstream: true,
      storeSvid: true,
      hint: 'public',
      expiresAt: 1_900_000_000,
    };
    expect(parse(stated)).toMatchObject(stated);
  });
});

describe('selectors', () => {
  it('are sorted and there once, in whatever order they come', () => {
    const all = ['k8s:ns:pay', 'unix:gid:5', 'unix:uid:1', 'unix:uid:1000'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...all), { minLength: 1 }), (texts) => {
        const expected = all.filter((text) => texts.includes(text));
        expect(parse({ selectors: texts }).selectors).toEqual(expected);
      }),
    );
  });

  it('are one at least and a hundred at most', () => {
    expect(refusal({ selectors: [] })).toBe('entry.selectors');
    expect(parse({ selectors: numbered(100, 'a:') }).selectors).toHaveLength(100);
    expect(refusal({ selectors: numbered(101, 'a:') })).toBe('entry.selectors');
    expect(refusal({ selectors: Array<string>(101).fill('a:b') })).toBe('entry.selectors');
  });

  it('are of one type where the SVID is stored', () => {
    const two = ['k8s:ns:pay', 'unix:uid:1'];
    expect(refusal({ selectors: two, storeSvid: true })).toBe('entry.store_svid');
    expect(refusal({ selectors: two, storeSvid: false })).toBeUndefined();
    expect(refusal({ selectors: ['a:1', 'a:2'], storeSvid: true })).toBeUndefined();
  });

  it('are not longer than a page of text', () => {
    const longest = `a:${'x'.repeat(2046)}`;
    expect(parse({ selectors: [longest] }).selectors).toEqual(selectors(longest));
    expect(refusal({ selectors: [`${longest}x`] })).toBe('entry.selector_length');
    expect(refusal({ selectors: [`a:${'é'.repeat(1024)}`] })).toBe('entry.selector_length');
  });
});

describe('trust domains to federate with', () => {
  it('are sorted and there once', () => {
    const { federatesWith } = parse({ federatesWith: ['b.example', 'a.example', 'b.example'] });
    expect(federatesWith).toEqual(['a.example', 'b.example']);
  });
});

describe('numbers', () => {
  it.each(['x509SvidTtlSeconds', 'jwtSvidTtlSeconds'] as const)(
    'in %s are whole, not negative and fit the wire',
    (name) => {
      for (const good of [0, 1, 2 ** 31 - 1]) expect(parse({ [name]: good })[name]).toBe(good);
      for (const bad of [-1, 0.5, 2 ** 31, Number.NaN, Infinity]) {
        expect(refusal({ [name]: bad })).toBe('entry.ttl');
      }
    },
  );

  it('in expiresAt are whole, not negative and exact', () => {
    for (const good of [0, 1, 2 ** 53 - 1]) expect(parse({ expiresAt: good }).expiresAt).toBe(good);
    for (const bad of [-1, 0.5, 2 ** 53, Number.NaN, Infinity]) {
      expect(refusal({ expiresAt: bad })).toBe('entry.expires_at');
    }
  });
});

const refused: readonly [string, Partial<EntryFields>, Reason][] = [
  ['an ID of another trust domain', { spiffeId: 'spiffe://other/w' }, 'entry.trust_domain'],
  ['a look-alike', { spiffeId: 'spiffe://prod.example.evil/w' }, 'entry.trust_domain'],
  ['the ID of the trust domain', { spiffeId: 'spiffe://prod.example' }, 'entry.spiffe_id'],
  ['the reserved name', { spiffeId: 'spiffe://prod.example/spire' }, 'entry.spiffe_id'],
  ['an agent', { spiffeId: 'spiffe://prod.example/spire/agent/x' }, 'entry.spiffe_id'],
  ['the server', { spiffeId: 'spiffe://prod.example/spire/server' }, 'entry.spiffe_id'],
  ['a path that climbs', { spiffeId: 'spiffe://prod.example/a/../spire' }, 'spiffe_id.dot_segment'],
  ['a path with a query', { spiffeId: 'spiffe://prod.example/a?b' }, 'spiffe_id.character'],
  ['a foreign parent', { parentId: 'spiffe://other/n' }, 'entry.trust_domain'],
  ['a malformed parent', { parentId: 'prod.example/n' }, 'spiffe_id.scheme'],
  ['a selector without a type', { selectors: [':v'] }, 'selector.type'],
  ['a selector without a value', { selectors: ['t:'] }, 'selector.value'],
  ['an empty id', { id: '' }, 'entry.id'],
  ['an id with a slash', { id: 'a/b' }, 'entry.id'],
  ['an id with a line break', { id: 'a\n' }, 'entry.id'],
  ['an id that is too long', { id: 'a'.repeat(256) }, 'entry.id'],
  ['a hint that is too long', { hint: 'a'.repeat(1025) }, 'entry.hint'],
  ['a hint too long in bytes', { hint: 'é'.repeat(513) }, 'entry.hint'],
  ['a DNS name with a space', { dnsNames: ['a b'] }, 'names.dns'],
  ['a URI for a DNS name', { dnsNames: ['spiffe://prod.example/x'] }, 'names.dns'],
  ['an address for a DNS name', { dnsNames: ['fe80::1'] }, 'names.dns'],
  ['a mail address for a DNS name', { dnsNames: ['a@b.example'] }, 'names.dns'],
  ['a wildcard below a wildcard', { dnsNames: ['*.*.example'] }, 'names.dns'],
  ['a DNS name twice', { dnsNames: ['a.example', 'A.example'] }, 'names.covered'],
  ['a name its wildcard covers', { dnsNames: ['*.example', 'a.example'] }, 'names.covered'],
  ['too many DNS names', { dnsNames: numbered(65, 'n', '.example') }, 'names.too_many'],
  ['a bad foreign trust domain', { federatesWith: ['A'] }, 'trust_domain.character'],
  ['too many of them', { federatesWith: numbered(101, 'td') }, 'entry.federates_with'],
];

describe('an entry', () => {
  it.each(refused)('is refused with %s', (_, changes, reason) => {
    expect(refusal(changes)).toBe(reason);
  });

  it('may have the longest id, the longest hint and as many names as fit', () => {
    const most = {
      id: 'a'.repeat(255),
      hint: 'a'.repeat(1024),
      dnsNames: numbered(64, 'n', '.example'),
      federatesWith: numbered(100, 'td'),
    };
    expect(refusal(most)).toBeUndefined();
  });

  it('may lie beside the reserved path and have the server for a parent', () => {
    expect(refusal({ spiffeId: 'spiffe://prod.example/spire2' })).toBeUndefined();
    expect(refusal({ spiffeId: 'spiffe://prod.example/a/spire' })).toBeUndefined();
    expect(refusal({ parentId: 'spiffe://prod.example/spire/server' })).toBeUndefined();
  });
});

describe('the id of an entry', () => {
  it('holds the characters that are safe everywhere and no others', () => {
    const safe = /[A-Za-z0-9._-]/;
    for (let code = 0; code < 0x180; code += 1) {
      const character = String.fromCharCode(code);
      expect(refusal({ id: `a${character}` }) === undefined).toBe(safe.test(character));
    }
  });
});

describe('parsing', () => {
  it('never leaves an entry with a reserved or foreign ID, whatever the text', () => {
    const segments = fc.array(fc.constantFrom('spire', 'agent', 'a', '..', '.', '', 'A'));
    const hosts = fc.constantFrom('prod.example', 'other', 'PROD.example', '');
    fc.assert(
      fc.property(hosts, segments, (host, path) => {
        const text = ['spiffe:/', host, ...path].join('/');
        let id = '';
        if (reasonOf(() => (id = parseWorkloadId(text, trustDomain))) !== undefined) return;
        expect(id).toMatch(/^spiffe:\/\/prod\.example\/(?!spire(\/|$))/);
      }),
    );
  });
});
