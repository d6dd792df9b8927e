import http2 from 'node:http2';
import net from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Health } from '../../src/gen/grpc/health/v1/health_pb.js';
import { createClient } from '../../src/rpc/client.ts';
import { bindService } from '../../src/rpc/service.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { health, serveUnix } from './rig.ts';

const check = '/grpc.health.v1.Health/Check';

/** One message in the frame of gRPC. */
function framed(message: Buffer, compressed = false): Buffer {
  const head = Buffer.alloc(5);
  head[0] = compressed ? 1 : 0;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

interface RawAnswer {
  readonly status: string;
  readonly httpStatus: number;
}

/** A call made without any gRPC library, which would correct what is sent here on purpose. */
async function rawCall(
  socketPath: string,
  path: string,
  body: Buffer = framed(Buffer.alloc(0)),
  headers: http2.OutgoingHttpHeaders = {},
): Promise<RawAnswer> {
  const session = http2.connect('http://localhost', {
    createConnection: () => net.connect(socketPath),
  });
  session.on('error', () => undefined);
  const { promise, resolve } = Promise.withResolvers<RawAnswer>();
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  let answer: RawAnswer = { status: 'none', httpStatus: 0 };
  stream.on('error', () => undefined);
  stream.on('response', (received) => {
    answer = {
      status: String(received['grpc-status'] ?? ''),
      httpStatus: received[':status'] ?? 0,
    };
  });
  stream.on('trailers', (received: http2.IncomingHttpHeaders) => {
    answer = { ...answer, status: String(received['grpc-status']) };
  });
  stream.on('close', () => resolve(answer));
  stream.resume();
  stream.end(body);
  const result = await promise;
  session.destroy();
  return result;
}

describe('the path of a method', () => {
  it.each([
    ['without its leading slash', 'grpc.health.v1.Health/Check'],
    ['with slashes doubled', '//grpc.health.v1.Health//Check'],
    ['in percent-encoding', '/grpc.health.v1.Health%2eCheck'],
    ['with an encoded letter', '/grpc.health.v1.Health/%43heck'],
    ['in another case', '/grpc.health.v1.health/check'],
    ['with a dot behind', '/grpc.health.v1.Health/Check.'],
    ['with a slash behind', '/grpc.health.v1.Health/Check/'],
    ['with a query', '/grpc.health.v1.Health/Check?x'],
    ['by way of another', '/grpc.health.v1.Health/List/../Check'],
  ])('%s names no method', async (_name, path) => {
    let reached = 0;
    const count = () => {
      reached += 1;
      return Promise.resolve({});
    };
    await using rig = await serveUnix((server) =>
      bindService(server, Health, health({ check: count, list: count }), {
        authorize: () => void count(),
      }),
    );
    expect((await rawCall(rig.path, check)).status).toBe('0');
    expect(reached).toBe(2); // authorized and handled
    expect((await rawCall(rig.path, path)).status).not.toBe('0');
    expect(reached).toBe(2);
  });
});

describe('a message', () => {
  const mebibyte = 1024 * 1024;

  it.each([
    ['of 4 MiB', 4 * mebibyte - 16, undefined],
    ['of more', 4 * mebibyte + 1, 'resource_exhausted'],
    ['of 64 MiB', 64 * mebibyte, 'resource_exhausted'],
  ])('%s is taken or refused at the limit', async (_name, bytes, code) => {
    await using rig = await serveUnix((server) => bindService(server, Health, health()));
    const client = createClient(Health, { kind: 'unix', path: rig.path });
    expect((await rejectionOf(client.check({ service: 'x'.repeat(bytes) })))?.code).toBe(code);
    client.close();
  });

  it('may have another limit', async () => {
    await using rig = await serveUnix((server) => bindService(server, Health, health()), {
      limits: { receiveBytes: 100 },
    });
    const client = createClient(Health, { kind: 'unix', path: rig.path });
    const failure = await rejectionOf(client.check({ service: 'x'.repeat(200) }));
    expect(failure).toMatchObject({ code: 'resource_exhausted' });
    client.close();
  });

  it('that claims to be larger than it is allowed is refused by its claim', async () => {
    await using rig = await serveUnix((server) => bindService(server, Health, health()));
    const head = Buffer.from([0, 0xff, 0xff, 0xff, 0xff]);
    expect((await rawCall(rig.path, check, head)).status).toBe('8');
  });

  it('that grows beyond the limit by decompression is refused', async () => {
    let handled = 0;
    const handle = () => {
      handled += 1;
      return Promise.resolve({});
    };
    await using rig = await serveUnix((server) =>
      bindService(server, Health, health({ check: handle })),
    );
    const gzip = { 'grpc-encoding': 'gzip' };
    const bomb = framed(gzipSync(Buffer.alloc(64 * mebibyte)), true);
    expect(bomb.length).toBeLessThan(100_000);
    expect((await rawCall(rig.path, check, bomb, gzip)).status).toBe('8');
    expect(handled).toBe(0);
  });

  it.each([
    ['cannot be decoded', framed(Buffer.from([0xff])), {}],
    ['is compressed in an unknown way', framed(Buffer.alloc(4), true), { 'grpc-encoding': 'br' }],
    [
      'is compressed without saying how',
      framed(Buffer.from('nonsense'), true),
      { 'grpc-encoding': 'gzip' },
    ],
  ])('that %s is refused', async (_name, body, headers) => {
    await using rig = await serveUnix((server) => bindService(server, Health, health()));
    expect(Number((await rawCall(rig.path, check, body, headers)).status)).toBeGreaterThan(0);
  });

  it('drops fields its descriptor does not name', async () => {
    let unknown: unknown = 'not called';
    const handle = (request: { $unknown?: unknown }) => {
      unknown = request.$unknown;
      return Promise.resolve({});
    };
    await using rig = await serveUnix((server) =>
      bindService(server, Health, health({ check: handle })),
    );
    const extra = framed(Buffer.from([0x4a, 3, 1, 2, 3])); // field 9
    expect((await rawCall(rig.path, check, extra)).status).toBe('0');
    expect(unknown).toBeUndefined();
  });
});

describe('a connection', () => {
  it('carries no more streams than allowed', async () => {
    let open = 0;
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const watch = async function* (_request: unknown, { signal }: { signal: AbortSignal }) {
      open += 1;
      if (open === 3) resolve();
      yield {};
      await new Promise((done) => signal.addEventListener('abort', done));
    };
    await using rig = await serveUnix((server) => bindService(server, Health, health({ watch })), {
      limits: { streams: 3 },
    });
    const session = http2.connect('http://localhost', {
      createConnection: () => net.connect(rig.path),
    });
    session.on('error', () => undefined);
    const settings = await new Promise<http2.Settings>((got) =>
      session.once('remoteSettings', got),
    );
    expect(settings.maxConcurrentStreams).toBe(3);
    for (let stream = 0; stream < 10; stream += 1) {
      const headers = { ':method': 'POST', ':path': '/grpc.health.v1.Health/Watch' };
      const request = session.request({ ...headers, 'content-type': 'application/grpc' });
      request.on('error', () => undefined);
      request.end(framed(Buffer.alloc(0)));
    }
    await enough;
    await new Promise((ponged) => session.ping(() => ponged(undefined)));
    expect(open).toBe(3);
    session.destroy();
  });
});
