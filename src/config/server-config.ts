// What a server is told: its configuration file, checked and made into values.
import { SignetError } from '../runtime/errors.ts';
import type { LogLevel } from '../runtime/log.ts';
import { parseTrustDomain, type TrustDomain } from '../spiffe/trust-domain.ts';
import { type Address, isLoopback, parseAddress } from './address.ts';
import { checkConfig } from './check.ts';
import { parseDuration } from './duration.ts';
import { databaseFile, runFolder, serverSockets } from './run-paths.ts';
import { type ServerConfig, serverSchema } from './server-schema.ts';
import { checkAt, type Path, refusalAt, type Source } from './source.ts';
import { resolvePath, type Surroundings } from './surroundings.ts';

export interface AuthoritySettings {
  readonly ttlSeconds: number;
  readonly algorithm: 'P-256' | 'P-384';
}

export interface SvidSettings {
  /** Where the entry does not say. */
  readonly ttlSeconds: number;
  readonly maxTtlSeconds: number;
  readonly backdateSeconds: number;
}

export interface ServerSettings {
  readonly trustDomain: TrustDomain;
  /** Absolute. */
  readonly dataDir: string;
  readonly store: { readonly kind: 'sqlite'; readonly file: string };
  readonly keys: { readonly kind: 'disk' };
  readonly ca: {
    readonly root: AuthoritySettings & { readonly origin: 'self-signed' };
    readonly issuer: AuthoritySettings;
    readonly svid: SvidSettings;
  };
  readonly attestation: { readonly joinToken: boolean };
  /** Null where nobody listens. */
  readonly listen: {
    readonly agents: Address | null;
    /** A loopback address, as is the next. */
    readonly rest: Address | null;
    readonly metrics: Address | null;
  };
  readonly log: { readonly retentionSeconds: number };
  readonly logLevel: LogLevel;
  readonly sockets: { readonly admin: string; readonly spire: string };
}

/** What the schema has a place for and this version does not do yet. */
const notOffered: readonly { path: Path; isAsked: (config: ServerConfig) => boolean }[] = [
  { path: ['store', 'postgres'], isAsked: ({ store }) => store.postgres !== undefined },
  { path: ['keys', 'sealed'], isAsked: ({ keys }) => keys.sealed !== undefined },
  {
    path: ['attestation', 'x509pop'],
    isAsked: ({ attestation }) => attestation.x509pop !== undefined,
  },
  { path: ['ca', 'root', 'algorithm'], isAsked: ({ ca }) => ca.root.algorithm !== 'P-256' },
  { path: ['ca', 'issuer', 'algorithm'], isAsked: ({ ca }) => ca.issuer.algorithm !== 'P-256' },
  {
    path: ['attestation'],
    isAsked: ({ attestation }) => attestation.join_token === undefined,
  },
  { path: ['listen', 'public'], isAsked: ({ listen }) => listen.public !== null },
  { path: ['log', 'witnesses'], isAsked: ({ log }) => log.witnesses.length > 0 },
];

/** @throws SignetError `config.*`, `duration.*`, `trust_domain.*`, with file, line, column and key */
export function serverSettings(source: Source, surroundings: Surroundings): ServerSettings {
  const config = checkConfig(serverSchema, source);
  for (const { path, isAsked } of notOffered) {
    if (isAsked(config)) throw refusalAt(source, path, new SignetError('config.not_offered'));
  }
  const dataDir = resolvePath(config.dataDir, surroundings);
  return {
    trustDomain: checkAt(source, ['trustDomain'], () => parseTrustDomain(config.trustDomain)),
    dataDir,
    store: { kind: 'sqlite', file: databaseFile(dataDir) },
    keys: { kind: 'disk' },
    ca: caSettings(source, config),
    attestation: { joinToken: config.attestation.join_token !== undefined },
    listen: {
      agents: addressAt(source, ['listen', 'agents'], config.listen.agents),
      rest: loopbackAt(source, ['listen', 'rest'], config.listen.rest),
      metrics: loopbackAt(source, ['listen', 'metrics'], config.listen.metrics),
    },
    log: { retentionSeconds: secondsAt(source, ['log', 'retention'], config.log.retention) },
    logLevel: config.logLevel,
    sockets: serverSockets(runFolder(dataDir, surroundings.uid)),
  };
}

function caSettings(source: Source, { ca }: ServerConfig): ServerSettings['ca'] {
  const { root, issuer, svid } = ca;
  const lifetimes = [
    { path: ['ca', 'svid', 'ttl'], ttl: svid.ttl },
    { path: ['ca', 'svid', 'maxTtl'], ttl: svid.maxTtl },
    { path: ['ca', 'issuer', 'ttl'], ttl: issuer.ttl },
    { path: ['ca', 'root', 'ttl'], ttl: root.ttl },
  ].map(({ path, ttl }) => ({ path, seconds: secondsAt(source, path, ttl) }));
  for (const [index, { path, seconds }] of lifetimes.entries()) {
    const outer = lifetimes[index + 1];
    if (outer !== undefined && seconds > outer.seconds) {
      throw refusalAt(source, path, new SignetError('config.ttl_order'));
    }
  }
  const bounds = [
    { path: ['ca', 'svid', 'maxTtl'], text: svid.maxTtl, longest: 86_400 },
    { path: ['ca', 'svid', 'backdate'], text: svid.backdate, longest: 600 },
  ];
  for (const { path, text, longest } of bounds) {
    if (secondsAt(source, path, text) > longest) {
      throw refusalAt(source, path, new SignetError('config.range'));
    }
  }
  const [ttl, maxTtl, issuerTtl, rootTtl] = lifetimes.map(({ seconds }) => seconds);
  return {
    root: { origin: root.origin, ttlSeconds: rootTtl ?? 0, algorithm: root.algorithm },
    issuer: { ttlSeconds: issuerTtl ?? 0, algorithm: issuer.algorithm },
    svid: {
      ttlSeconds: ttl ?? 0,
      maxTtlSeconds: maxTtl ?? 0,
      backdateSeconds: secondsAt(source, ['ca', 'svid', 'backdate'], svid.backdate),
    },
  };
}

function secondsAt(source: Source, path: Path, text: string): number {
  return checkAt(source, path, () => parseDuration(text));
}

function addressAt(source: Source, path: Path, text: string | null): Address | null {
  return text === null ? null : checkAt(source, path, () => parseAddress(text));
}

function loopbackAt(source: Source, path: Path, text: string | null): Address | null {
  const address = addressAt(source, path, text);
  if (address !== null && !isLoopback(address)) {
    throw refusalAt(source, path, new SignetError('config.not_loopback'));
  }
  return address;
}
