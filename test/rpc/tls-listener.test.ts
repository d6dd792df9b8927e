import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Health } from '../../src/gen/grpc/health/v1/health_pb.js';
import { createClient } from '../../src/rpc/client.ts';
import type { CallContext } from '../../src/rpc/call.ts';
import type { Peer } from '../../src/rpc/peer.ts';
import { createServer, type ServerLimits } from '../../src/rpc/server.ts';
import { bindService } from '../../src/rpc/service.ts';
import { secureContextOf, type TlsIdentity } from '../../src/rpc/tls-identity.ts';
import { TlsListener, type TlsListenerOptions } from '../../src/rpc/tls-listener.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { SignetError } from '../../src/runtime/errors.ts';
import { manualClock } from '../support/manual-clock.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { pemOfIdentity, type TestAuthority, testAuthority } from '../support/tls-identities.ts';
import { health } from './rig.ts';

let authority: TestAuthority;
let stranger: TestAuthority;
let serverIdentity: TlsIdentity;
let agentIdentity: TlsIdentity;

beforeAll(async () => {
  authority = await testAuthority('CN=authority');
  stranger = await testAuthority('CN=authority'); // of the same name
  serverIdentity = await authority.issue('spiffe://a.test/spire/server');
  agentIdentity = await authority.issue('spiffe://a.test/spire/agent/x');
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

interface Served {
  readonly listener: TlsListener;
  readonly address: string;
  readonly peers: Peer[];
  readonly refusals: SignetError[];
}

async function serve(
  options: Partial<TlsListenerOptions> = {},
  limits: Partial<ServerLimits> = {},
): Promise<Served> {
  const server = createServer(limits);
  const [peers, refusals]: [Peer[], SignetError[]] = [[], []];
  const check = (_request: unknown, { peer }: CallContext) => {
    peers.push(peer);
    return Promise.resolve({ status: 1 });
  };
  bindService(server, Health, health({ check }));
  const listener = await TlsListener.listen(server, {
    host: '127.0.0.1',
    port: 0,
    secureContext: () => secureContextOf(serverIdentity),
    verifyPeer: authority.verifier(),
    onRefused: (error) => refusals.push(error),
    clock: systemClock,
    ...options,
  });
  cleanups.push(async () => {
    await listener.close(0);
    server.forceShutdown();
  });
  return { listener, peers, refusals, address: `127.0.0.1:${listener.port}` };
}

function clientOf(
  { address }: Served,
  identity?: () => TlsIdentity,
  seen?: (c: readonly Uint8Array[]) => void,
) {
  const target = { kind: 'tls' as const, address, verifyServer: authority.verifier(seen) };
  const client = createClient(Health, identity ? { ...target, identity } : target);
  cleanups.push(() => client.close());
  return client;
}

/** A bare TLS connection, which sends what it is told to. */
function rawClient(served: Served, options: tls.ConnectionOptions = {}): tls.TLSSocket {
  const socket = tls.connect({
    host: '127.0.0.1',
    port: served.listener.port,
    ALPNProtocols: ['h2'],
    rejectUnauthorized: false,
    ...options,
  });
  socket.on('error', () => undefined);
  cleanups.push(() => socket.destroy());
  return socket;
}

/** What came of a connection: the server's first frame, or its end. */
async function outcome(socket: net.Socket): Promise<'served' | 'closed'> {
  socket.resume();
  return await new Promise((resolve) => {
    socket.once('data', () => resolve('served'));
    socket.once('close', () => resolve('closed'));
  });
}

describe('a TLS listener', () => {
  it('lets in a peer without certificate, and says that it has none', async () => {
    const served = await serve();
    await clientOf(served).check({});
    expect(served.peers).toEqual([{ kind: 'tls', chain: [], address: '127.0.0.1' }]);
  });

  it('hands over the chain as presented, leaf first', async () => {
    const issuer = await authority.subordinate('CN=issuer');
    const identity = await issuer.issue('spiffe://a.test/x', [
      issuer.certificate,
      authority.certificate,
    ]);
    const verified: (readonly Uint8Array[])[] = [];
    const served = await serve({ verifyPeer: (chain) => verified.push(chain) });
    await clientOf(served, () => identity).check({});
    const [peer] = served.peers;
    const chain =
      peer?.kind === 'tls' ? peer.chain.map((der) => Buffer.from(der).toString('hex')) : [];
    expect(chain).toEqual(identity.chain.map((der) => Buffer.from(der).toString('hex')));
    expect(verified).toEqual([peer?.kind === 'tls' ? peer.chain : undefined]);
  });

  it('refuses a certificate that fails verification, and serves nothing on that connection', async () => {
    const served = await serve();
    const forged = await stranger.issue('spiffe://a.test/spire/agent/x');
    const failure = await rejectionOf(
      clientOf(served, () => forged).check({}, { timeoutMs: 2000 }),
    );
    expect(failure?.code).toMatch(/unavailable|deadline_exceeded/);
    expect(served.peers).toEqual([]);
    expect(served.refusals.length).toBeGreaterThan(0);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'speaks %s, and resumes no session of it',
    async (version) => {
      const context = secureContextOf(serverIdentity); // one, or tickets would be of no use anyway
      const served = await serve({ secureContext: () => context });
      const options = { ...pemOfIdentity(agentIdentity), minVersion: version, maxVersion: version };
      const first = rawClient(served, options);
      let session: Buffer | undefined;
      first.on('session', (ticket: Buffer) => (session = ticket));
      expect(await outcome(first)).toBe('served');
      expect(first.getProtocol()).toBe(version);
      session ??= first.getSession();
      const again = rawClient(served, { ...options, ...(session && { session }) });
      expect(await outcome(again)).toBe('served');
      expect(again.isSessionReused()).toBe(false);
    },
  );

  it('refuses TLS 1.1', async () => {
    const served = await serve();
    const old = { minVersion: 'TLSv1' as const, maxVersion: 'TLSv1.1' as const };
    expect(await outcome(rawClient(served, { ...old, ciphers: 'ALL:@SECLEVEL=0' }))).toBe('closed');
  });

  it('refuses whoever does not offer h2', async () => {
    const served = await serve();
    expect(await outcome(rawClient(served, { ALPNProtocols: ['http/1.1'] }))).toBe('closed');
    const { ALPNProtocols: _, ...silent } = { ALPNProtocols: [] };
    const without = tls.connect({
      ...silent,
      host: '127.0.0.1',
      port: served.listener.port,
      rejectUnauthorized: false,
    });
    without.on('error', () => undefined);
    expect(await outcome(without)).toBe('closed');
    expect(served.refusals.map(({ reason }) => reason)).toContain('peer.protocol');
  });

  it('shows the certificate of the moment', async () => {
    let current = serverIdentity;
    const served = await serve({ secureContext: () => secureContextOf(current) });
    const shown: string[] = [];
    const see = ([leaf]: readonly Uint8Array[]) =>
      leaf && shown.push(Buffer.from(leaf).toString('hex'));
    await clientOf(served, undefined, see).check({});
    current = await authority.issue('spiffe://a.test/spire/server');
    await clientOf(served, undefined, see).check({});
    const expected = [serverIdentity, current].map(({ chain: [leaf] }) =>
      Buffer.from(leaf ?? []).toString('hex'),
    );
    expect(shown).toEqual(expected);
  });

  it('survives having no certificate to show', async () => {
    const served = await serve({
      secureContext: () => {
        throw new SignetError('rpc.unavailable');
      },
    });
    expect(await outcome(rawClient(served))).toBe('closed');
    expect(served.refusals.map(({ reason }) => reason)).toEqual(['rpc.unavailable']);
  });

  it('gives up on a handshake that takes too long', async () => {
    const clock = manualClock();
    const served = await serve({ clock, handshakeMs: 1000 });
    const silent = net.connect(served.listener.port, '127.0.0.1');
    silent.on('error', () => undefined);
    await expect.poll(() => served.listener.connections).toBe(1);
    clock.advance(999);
    expect(served.refusals).toEqual([]);
    clock.advance(1);
    await once(silent, 'close');
    expect(served.refusals.map(({ reason }) => reason)).toEqual(['rpc.handshake_timeout']);
  });

  it('times no connection that has shaken hands', async () => {
    const clock = manualClock();
    const served = await serve({ clock, handshakeMs: 1000 });
    const client = clientOf(served);
    await client.check({});
    clock.advance(5000);
    await client.check({});
    expect(served.refusals).toEqual([]);
  });

  it('keeps no more connections from one address than allowed', async () => {
    const served = await serve({ maxConnectionsPerAddress: 1 });
    expect(await outcome(rawClient(served))).toBe('served');
    expect(await outcome(rawClient(served))).toBe('closed');
    expect(served.refusals.map(({ reason }) => reason)).toEqual(['listener.full']);
  });

  it('sends peers away when their connection is of age, and loses no call by it', async () => {
    const served = await serve({}, { connectionAgeMs: 60, connectionGraceMs: 5000 });
    let dials = 0;
    const client = clientOf(served, undefined, () => (dials += 1));
    await expect
      .poll(async () => {
        await client.check({});
        return dials;
      })
      .toBeGreaterThan(2);
  });

  it('says so when its address is taken', async () => {
    const { listener } = await serve();
    const second = serve({ port: listener.port });
    expect((await rejectionOf(second))?.reason).toBe('listener.unusable');
  });
});

describe('a TLS client', () => {
  it('refuses a server that fails verification before it sends anything', async () => {
    const served = await serve();
    const verifyServer = stranger.verifier();
    const client = createClient(Health, { kind: 'tls', address: served.address, verifyServer });
    cleanups.push(() => client.close());
    expect((await rejectionOf(client.check({}, { timeoutMs: 2000 })))?.code).toBe('unavailable');
    expect(served.peers).toEqual([]);
  });

  it('shows the identity of the moment when it connects again', async () => {
    const served = await serve({}, { connectionAgeMs: 60, connectionGraceMs: 5000 });
    const next = await authority.issue('spiffe://a.test/spire/agent/x');
    let current = agentIdentity;
    const client = clientOf(served, () => current);
    await client.check({});
    current = next;
    await expect
      .poll(async () => {
        await client.check({});
        const peer = served.peers.at(-1);
        return (
          peer?.kind === 'tls' &&
          peer.chain[0] &&
          Buffer.from(peer.chain[0]).equals(next.chain[0] ?? Buffer.alloc(0))
        );
      })
      .toBe(true);
  });

  it('says that a server is not there', async () => {
    const served = await serve();
    await served.listener.close(0);
    expect((await rejectionOf(clientOf(served).check({})))?.code).toBe('unavailable');
  });
});
