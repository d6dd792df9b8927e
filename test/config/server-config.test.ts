import { describe, expect, it } from 'vitest';
import { serverSettings } from '../../src/config/server-config.ts';
import { valueSource } from '../../src/config/source.ts';
import { parseYaml } from '../../src/config/yaml-source.ts';
import { errorOf } from '../support/error-of.ts';

const surroundings = { folder: '/etc/signet', uid: 1000 };
const read = (text: string) => serverSettings(parseYaml(text, 'server.yaml'), surroundings);
const failureOf = async (text: string) => {
  const error = await errorOf(() => read(text));
  return error && { reason: error.reason, ...error.details };
};

describe('serverSettings', () => {
  it('needs a trust domain and has a safe default for everything else', () => {
    expect(read('trustDomain: example.org\n')).toEqual({
      trustDomain: 'example.org',
      dataDir: '/var/lib/signet',
      store: { kind: 'sqlite', file: '/var/lib/signet/signet.db' },
      keys: { kind: 'disk' },
      ca: {
        root: { origin: 'self-signed', ttlSeconds: 315_360_000, algorithm: 'P-256' },
        issuer: { ttlSeconds: 2_592_000, algorithm: 'P-256' },
        svid: { ttlSeconds: 3600, maxTtlSeconds: 86_400, backdateSeconds: 10 },
      },
      attestation: { joinToken: true },
      listen: {
        agents: { host: '0.0.0.0', port: 8081 },
        rest: null,
        metrics: { host: '127.0.0.1', port: 9090 },
      },
      log: { retentionSeconds: 63_072_000 },
      logLevel: 'info',
      sockets: {
        admin: '/var/lib/signet/run/server/admin.sock',
        spire: '/var/lib/signet/run/server/spire.sock',
      },
    });
  });

  it('takes what is stated in place of the defaults, and keeps those beside it', () => {
    const settings = read(
      [
        'trustDomain: prod.example',
        'dataDir: ../data',
        'ca:',
        '  svid: { ttl: 15m }',
        '  issuer: { algorithm: P-256 }',
        'listen: { agents: "[::1]:0", rest: 127.0.0.1:8443, metrics: null }',
        'logLevel: debug',
      ].join('\n'),
    );
    expect(settings).toMatchObject({
      dataDir: '/etc/data',
      ca: {
        issuer: { ttlSeconds: 2_592_000, algorithm: 'P-256' },
        svid: { ttlSeconds: 900, maxTtlSeconds: 86_400 },
      },
      listen: {
        agents: { host: '::1', port: 0 },
        rest: { host: '127.0.0.1', port: 8443 },
        metrics: null,
      },
      logLevel: 'debug',
    });
  });

  it('reads the configuration that the documentation shows', () => {
    const text = `
trustDomain: example.org
dataDir: /var/lib/signet
store: { sqlite: {} }
keys: { disk: {} }
ca:
  root:   { origin: self-signed, ttl: 10y, algorithm: P-256 }
  issuer: { ttl: 30d, algorithm: P-256 }
  svid:   { ttl: 1h, maxTtl: 24h, backdate: 10s }
attestation: { join_token: {} }
listen: { agents: 0.0.0.0:8081, rest: null, public: null, metrics: 127.0.0.1:9090 }
log: { retention: 2y, witnesses: [] }
`;
    expect(read(text)).toEqual(read('trustDomain: example.org\n'));
  });

  it('gives root its sockets in /run', () => {
    const source = valueSource({ trustDomain: 'example.org' });
    expect(serverSettings(source, { folder: '/', uid: 0 }).sockets).toEqual({
      admin: '/run/signet/server/admin.sock',
      spire: '/run/signet/server/spire.sock',
    });
  });

  it.each([
    {
      text: 'trustDomain: a\ndataDri: /x\n',
      failure: { line: 2, column: 1, nearest: 'dataDir' },
    },
    {
      text: 'trustDomain: a\nca:\n  svid:\n    max_ttl: 1h\n',
      failure: { line: 4, column: 5, nearest: 'maxTtl', within: 'ca.svid' },
    },
    {
      text: 'trustDomain: a\nlog: { zebra: 1 }\n',
      failure: { line: 2, column: 8, known: 'retention witnesses', within: 'log' },
    },
    {
      text: 'trustDomain: a\nstore:\n  sqlite: { path: /x }\n',
      failure: { line: 3, column: 13, within: 'store.sqlite' },
    },
    { text: 'trustDomain: a\n__proto__: { x: 1 }\n', failure: { line: 2, column: 1 } },
    { text: 'trustDomain: a\nconstructor: 1\n', failure: { line: 2, column: 1 } },
  ])('refuses an unknown key and says where it stands: $text', async ({ text, failure }) => {
    expect(await failureOf(text)).toMatchObject({
      reason: 'config.unknown_key',
      file: 'server.yaml',
      ...failure,
    });
  });

  it.each([
    ['', 'config.missing', 1, 1, 'trustDomain'],
    ['trustDomain: [a]\n', 'config.type', 1, 14, 'trustDomain'],
    ['trustDomain: Example\n', 'trust_domain.character', 1, 14, 'trustDomain'],
    ['trustDomain: a\nca: 3\n', 'config.type', 2, 5, 'ca'],
    ['trustDomain: a\nca:\n', 'config.type', 2, 4, 'ca'],
    ['trustDomain: a\nca: { svid: { ttl: 1 } }\n', 'config.type', 2, 20, 'ca.svid.ttl'],
    ['trustDomain: a\nca: { svid: { ttl: 1w } }\n', 'duration.malformed', 2, 20, 'ca.svid.ttl'],
    ['trustDomain: a\nca: { root: { ttl: 101y } }\n', 'duration.too_long', 2, 20, 'ca.root.ttl'],
    [
      'trustDomain: a\nca: { root: { algorithm: RSA } }\n',
      'config.word',
      2,
      26,
      'ca.root.algorithm',
    ],
    ['trustDomain: a\nlisten: { agents: 80 }\n', 'config.type', 2, 19, 'listen.agents'],
    ['trustDomain: a\nlisten: { agents: here }\n', 'config.address', 2, 19, 'listen.agents'],
    ['trustDomain: a\nlisten: { agents: a:70000 }\n', 'config.address', 2, 19, 'listen.agents'],
    ['trustDomain: a\nlisten: { rest: 0.0.0.0:1 }\n', 'config.not_loopback', 2, 17, 'listen.rest'],
    ['trustDomain: a\nlisten: { metrics: a:1 }\n', 'config.not_loopback', 2, 20, 'listen.metrics'],
    ['trustDomain: a\nlisten: { public: a:1 }\n', 'config.not_offered', 2, 19, 'listen.public'],
    [
      'trustDomain: a\nca: { root: { algorithm: P-384 } }\n',
      'config.not_offered',
      2,
      26,
      'ca.root.algorithm',
    ],
    ['trustDomain: a\nstore: {}\n', 'config.one_of', 2, 8, 'store'],
    [
      'trustDomain: a\nkeys: { sealed: { keyFile: /k } }\n',
      'config.not_offered',
      2,
      17,
      'keys.sealed',
    ],
    [
      'trustDomain: a\nstore: { sqlite: {}, postgres: { url: x } }\n',
      'config.one_of',
      2,
      8,
      'store',
    ],
    ['trustDomain: a\ndataDir: ""\n', 'config.path', 2, 10, 'dataDir'],
    ['trustDomain: a\ndataDir: "${file:/x}"\n', 'config.path', 2, 10, 'dataDir'],
    ['trustDomain: a\nca: { svid: { ttl: 25h } }\n', 'config.ttl_order', 2, 20, 'ca.svid.ttl'],
    ['trustDomain: a\nca: { svid: { maxTtl: 25h } }\n', 'config.range', 2, 23, 'ca.svid.maxTtl'],
    ['trustDomain: a\nca: { issuer: { ttl: 1h } }\n', 'config.ttl_order', 2, 5, 'ca.svid.maxTtl'],
    [
      'trustDomain: a\nca: { svid: { backdate: 11m } }\n',
      'config.range',
      2,
      25,
      'ca.svid.backdate',
    ],
  ])('refuses %j with %s', async (text, reason, line, column, key) => {
    expect(await failureOf(text)).toMatchObject({ reason, file: 'server.yaml', line, column, key });
  });

  it('tells the first problem of the file, and how many there are besides', async () => {
    const text = 'trustDomain: a\nlogLevel: loud\nca: { x: 1 }\nfoo: 1\n';
    expect(await failureOf(text)).toMatchObject({ reason: 'config.word', line: 2, more: 2 });
  });

  it('does not repeat what it read', async () => {
    const error = await errorOf(() => read('trustDomain: a\nkeys: { hunter2: hunter2 }\n'));
    expect(JSON.stringify([error?.details, error?.message])).not.toContain('hunter2');
  });
});
