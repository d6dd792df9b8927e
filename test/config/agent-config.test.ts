import { describe, expect, it } from 'vitest';
import { agentSettings } from '../../src/config/agent-config.ts';
import { parseYaml } from '../../src/config/yaml-source.ts';
import { errorOf } from '../support/error-of.ts';

const surroundings = { folder: '/etc/signet', uid: 1000 };
const read = (text: string) => agentSettings(parseYaml(text, 'agent.yaml'), surroundings);
const failureOf = async (text: string) => {
  const error = await errorOf(() => read(text));
  return error && { reason: error.reason, ...error.details };
};

const least = ['trustDomain: example.org', 'serverAddress: signet:8081', 'bootstrapBundle: ca.pem'];
const withLine = (...lines: readonly string[]) => [...least, ...lines, ''].join('\n');

describe('agentSettings', () => {
  it('needs to know its trust domain, its server and whom to trust at first', () => {
    expect(read(withLine())).toEqual({
      trustDomain: 'example.org',
      serverAddress: { host: 'signet', port: 8081 },
      bootstrapBundle: '/etc/signet/ca.pem',
      joinToken: undefined,
      dataDir: '/var/lib/signet-agent',
      sockets: {
        api: '/var/lib/signet-agent/run/agent/api.sock',
        admin: '/var/lib/signet-agent/run/agent/admin.sock',
      },
      syncIntervalMs: 5000,
      workload: { unix: { path: true, sha256: false } },
      sds: { validator: 'spiffe' },
      logLevel: 'info',
    });
  });

  it('takes what is stated', () => {
    const text = withLine(
      'joinTokenFile: token',
      'dataDir: state',
      'sockets: { api: /tmp/api.sock }',
      'sync: { interval: 1m }',
      'workload: { attestors: { unix: { sha256: true } } }',
      'sds: { validator: default }',
    );
    expect(read(text)).toMatchObject({
      joinToken: { file: '/etc/signet/token' },
      dataDir: '/etc/signet/state',
      sockets: { api: '/tmp/api.sock', admin: '/etc/signet/state/run/agent/admin.sock' },
      syncIntervalMs: 60_000,
      workload: { unix: { path: true, sha256: true } },
      sds: { validator: 'default' },
    });
  });

  it.each([
    ['joinToken: 4a9c', { text: '4a9c' }],
    ['joinToken: ${file:/run/token}', { file: '/run/token' }],
    ['joinToken: ${file:token}', { file: '/etc/signet/token' }],
  ])('takes a join token from %s', (line, joinToken) => {
    expect(read(withLine(line)).joinToken).toEqual(joinToken);
  });

  it.each([
    ['joinToken: a${file:/x}', 'config.reference'],
    ['joinToken: ${env:TOKEN}', 'config.reference'],
    ['joinToken: "a b"', 'config.reference'],
    ['joinToken: ""', 'config.reference'],
    ['sds: { validator: none }', 'config.word'],
    ['sync: { interval: 0s }', 'duration.malformed'],
    ['workload: { attestors: { docker: {} } }', 'config.unknown_key'],
  ])('refuses %s', async (line, reason) => {
    expect(await failureOf(withLine(line))).toMatchObject({ reason, line: 4 });
  });

  it('refuses two join tokens', async () => {
    expect(await failureOf(withLine('joinToken: a', 'joinTokenFile: b'))).toMatchObject({
      reason: 'config.join_token',
      line: 5,
    });
  });
});
