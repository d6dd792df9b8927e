import { describe, expect, it } from 'vitest';
import { SecretCatalog } from '../../../src/api/sds/secret-catalog.ts';
import {
  certificateSecret,
  plainBundleSecret,
  spiffeBundleSecret,
} from '../../../src/api/sds/secret.ts';
import { testBundle, testSvid, testView } from '../../support/identity-source.ts';
import { reasonOf } from '../../support/reason-of.ts';
import { testCa } from '../../support/test-ca.ts';

const ca = await testCa();
const partner = await testCa({ trustDomain: 'partner.example' });
const web = testSvid(ca, { spiffeId: 'spiffe://prod.example/web' });
const db = testSvid(ca, { spiffeId: 'spiffe://prod.example/db' });
const own = testBundle(ca);
const federated = testBundle(partner);
const view = testView([web, db], [own, federated]);
const now = ca.now() * 1000;

const versionOf = (found: ReturnType<SecretCatalog['find']>) =>
  found.state === 'present' ? found.secret.version : found.state;

describe('a name', () => {
  const catalog = new SecretCatalog();
  const spiffe = (name: string, ...bundles: (typeof own)[]) =>
    spiffeBundleSecret(name, bundles).version;

  it.each([
    {
      name: 'spiffe://prod.example/db',
      version: certificateSecret('spiffe://prod.example/db', db).version,
    },
    { name: 'default', version: certificateSecret('default', web).version },
    { name: 'ROOTCA', version: spiffe('ROOTCA', own) },
    { name: 'spiffe://prod.example', version: spiffe('spiffe://prod.example', own) },
    { name: 'spiffe://partner.example', version: spiffe('spiffe://partner.example', federated) },
    { name: 'ALL', version: spiffe('ALL', own, federated) },
  ])('$name stands for its secret', ({ name, version }) => {
    expect(versionOf(catalog.find(view, name, 'spiffe', now))).toBe(version);
  });

  it('of a bundle stands for plain roots where the default validator is wanted', () => {
    const found = catalog.find(view, 'ROOTCA', 'plain', now);
    expect(versionOf(found)).toBe(plainBundleSecret('ROOTCA', own).version);
  });

  it('of all bundles is not served plain, for a root would vouch for every trust domain', () => {
    expect(reasonOf(() => catalog.find(view, 'ALL', 'plain', now))).toBe('sds.all_plain');
  });

  it.each([
    'spiffe://prod.example/other',
    'spiffe://partner.example/web',
    'spiffe://other.example',
    'spiffe://prod.example/',
    'spiffe://PROD.example',
    'spiffe://',
    'rootca',
    'file:/etc/shadow',
    '',
    '__proto__',
  ])('%j is denied', (name) => {
    expect(catalog.find(view, name, 'spiffe', now)).toEqual({ state: 'denied' });
  });

  it('may be configured', () => {
    const names = { default: 'me', rootca: 'roots', all: 'everything' };
    const configured = new SecretCatalog({ names });
    const state = (name: string) => configured.find(view, name, 'spiffe', now).state;
    expect(['me', 'roots', 'everything'].map(state)).toEqual(['present', 'present', 'present']);
    expect(['default', 'ROOTCA', 'ALL'].map(state)).toEqual(['denied', 'denied', 'denied']);
  });
});

describe('a caller without identity', () => {
  const catalog = new SecretCatalog();
  const names = ['default', 'ROOTCA', 'ALL', 'spiffe://prod.example', 'spiffe://prod.example/web'];

  it.each(names)('is denied %s', (name) => {
    const nobody = testView([], [own]);
    expect(catalog.find(nobody, name, 'spiffe', now).state).toBe('denied');
  });

  it.each(names)('is not denied %s yet while more may come', (name) => {
    const undecided = testView([], [own], { pending: true });
    expect(catalog.find(undecided, name, 'spiffe', now).state).toBe('pending');
  });
});

describe('what may still come', () => {
  const catalog = new SecretCatalog();

  it('is pending for as long as the source says so', () => {
    const name = 'spiffe://prod.example/later';
    const pending = testView([web], [own], { pending: true });
    expect(catalog.find(pending, name, 'spiffe', now).state).toBe('pending');
  });

  it.each(['ROOTCA', 'spiffe://prod.example', 'ALL'])(
    'is %s, always, for every trust domain has a bundle',
    (name) => {
      const without = testView([web], [own], { bundles: new Map() });
      expect(catalog.find(without, name, 'spiffe', now).state).toBe('pending');
    },
  );
});

describe('a secret', () => {
  it('is encoded once for all who share it', () => {
    const catalog = new SecretCatalog();
    const other = testView([web], [own, federated]);
    for (const name of ['default', 'ROOTCA', 'ALL']) {
      const [first, second] = [view, other].map((each) => catalog.find(each, name, 'spiffe', now));
      if (first?.state !== 'present' || second?.state !== 'present') throw new Error('missing');
      expect(first.secret).toBe(second.secret);
    }
  });

  it('that would not work is kept back, and reported once', () => {
    const reports: string[] = [];
    const catalog = new SecretCatalog({ reportUnfit: (_, { reason }) => reports.push(reason) });
    const bad = { ...web, privateKey: db.privateKey };
    const broken = testView([bad], [{ ...own, authorities: [] }]);
    for (const name of ['default', 'default', 'ROOTCA', 'ROOTCA']) {
      expect(catalog.find(broken, name, 'spiffe', now).state).toBe('unfit');
    }
    expect(reports).toEqual(['secret.key', 'secret.no_authority']);
  });

  it('is kept back from the moment it expires', () => {
    const reports: string[] = [];
    const catalog = new SecretCatalog({ reportUnfit: (_, { reason }) => reports.push(reason) });
    const stateAt = (unixMs: number) => catalog.find(view, 'default', 'spiffe', unixMs).state;
    expect(stateAt(web.notAfter * 1000 - 1)).toBe('present');
    expect(stateAt(web.notAfter * 1000)).toBe('unfit');
    expect(stateAt(web.notAfter * 1000 + 1)).toBe('unfit');
    expect(reports).toEqual(['secret.expired']);
  });

  it('of all bundles goes without a federated one that is broken', () => {
    const catalog = new SecretCatalog();
    const broken = testView([web], [own, { ...federated, authorities: [] }]);
    const found = catalog.find(broken, 'ALL', 'spiffe', now);
    expect(versionOf(found)).toBe(spiffeBundleSecret('ALL', [own]).version);
  });
});
