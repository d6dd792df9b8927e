// The configuration file of a server.
import { type Static, Type } from 'typebox';
import * as field from './fields.ts';
import { defaultServerDataDir } from './run-paths.ts';

const algorithms = ['P-256', 'P-384'] as const;

const ca = field.section('authorities, and how long what they sign is valid', {
  root: field.section('root authorities: what workloads trust', {
    origin: field.word('where a root comes from', ['self-signed'], 'self-signed'),
    ttl: field.duration('how long a root is valid', '10y'),
    algorithm: field.word(
      'of its key; P-384 costs every handshake of every sidecar',
      algorithms,
      'P-256',
    ),
  }),
  issuer: field.section('intermediate authorities: what signs SVIDs', {
    ttl: field.duration('how long an issuer is valid', '30d'),
    algorithm: field.word('of its key; P-384 signs about 20 times slower', algorithms, 'P-256'),
  }),
  svid: field.section('certificates of workloads', {
    ttl: field.duration('how long an SVID is valid whose entry does not say', '1h'),
    maxTtl: field.duration('how long any SVID may be valid', '24h'),
    backdate: field.duration('how much earlier it begins, for clocks that are late', '10s'),
  }),
});

const attestation = field.section('how agents prove their node; several ways may be offered', {
  join_token: Type.Optional(field.options('a secret that an admin makes, good for one agent', {})),
  x509pop: Type.Optional(
    field.options('a certificate that the node has already', {
      caFile: field.path('PEM of the authorities that sign such certificates'),
    }),
  ),
});

const listen = field.section('where the server listens; null switches a listener off', {
  agents: field.orNull(field.address('SPIRE Server API and sync, over TLS'), '0.0.0.0:8081'),
  rest: field.orNull(field.address('REST and console, besides the admin socket'), null),
  public: field.orNull(field.address('CRLs, OCSP, bundle endpoint, log tiles'), null),
  metrics: field.orNull(field.address('/metrics, /healthz, /readyz'), '127.0.0.1:9090'),
});

const log = field.section('the issuance log', {
  retention: field.duration('how long entries are kept after what they record has ended', '2y'),
  witnesses: Type.Array(field.secret('URL of a C2SP witness'), {
    description: 'who cosigns checkpoints',
    default: [],
    maxItems: 16,
  }),
});

export const serverSchema = Type.Object(
  {
    trustDomain: Type.String({
      description: 'name of the trust domain',
      examples: ['example.org'],
    }),
    dataDir: Type.String({
      ...field.path('where the server keeps its database and its keys'),
      default: defaultServerDataDir,
    }),
    store: field.choice(
      'where state is kept',
      {
        sqlite: field.options('a file in dataDir', {}),
        postgres: field.options('a shared database', { url: field.secret('connection URL') }),
      },
      'sqlite',
    ),
    keys: field.choice(
      'where private keys of authorities are kept',
      {
        disk: field.options('files in dataDir', {}),
        sealed: field.options('in the database, encrypted', {
          keyFile: field.path('the key that encrypts them'),
        }),
      },
      'disk',
    ),
    ca,
    attestation: { ...attestation, default: { join_token: {} } },
    listen,
    log,
    logLevel: field.word('how much the process logs', ['debug', 'info', 'warn', 'error'], 'info'),
  },
  { title: 'signet server', additionalProperties: false },
);

export type ServerConfig = Static<typeof serverSchema>;
