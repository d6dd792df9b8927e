import { once } from 'node:events';
import { create, createFileRegistry, type DescService } from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  StringValueSchema,
  file_google_protobuf_wrappers,
} from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import {
  HealthCheckResponse_ServingStatus as Serving,
  Health,
} from '../../src/gen/grpc/health/v1/health_pb.js';
import { Agent } from '../../src/gen/spire/api/server/agent/v1/agent_pb.js';
import type { CallContext } from '../../src/rpc/call.ts';
import { createClient } from '../../src/rpc/client.ts';
import { bindService, unimplemented } from '../../src/rpc/service.ts';
import { SignetError } from '../../src/runtime/errors.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { collect, health, healthClient as clientOf, serveUnix } from './rig.ts';

describe('cancellation', () => {
  it('aborts the signal of the handler when the caller leaves a stream', async () => {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const watch = async function* (_request: unknown, { signal }: CallContext) {
      try {
        yield { status: Serving.SERVING };
        await once(signal, 'abort');
      } finally {
        resolve();
      }
    };
    await using rig = await serveUnix((server) => bindService(server, Health, health({ watch })));
    const client = clientOf(rig);
    for await (const _ of client.watch({})) break;
    await expect(ended).resolves.toBeUndefined();
    client.close();
  });

  it('aborts the signal when the caller gives up a unary call, and reports nothing', async () => {
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const reports: SignetError[] = [];
    const check = async (_request: unknown, { signal }: CallContext) => {
      started.resolve();
      await once(signal, 'abort');
      resolve();
      throw new SignetError('rpc.aborted');
    };
    await using rig = await serveUnix((server) =>
      bindService(server, Health, health({ check }), { report: (error) => reports.push(error) }),
    );
    const client = clientOf(rig);
    const caller = new AbortController();
    const call = rejectionOf(client.check({}, { signal: caller.signal }));
    await started.promise;
    caller.abort();
    expect(await call).toMatchObject({ reason: 'rpc.cancelled' });
    await aborted;
    expect(reports).toEqual([]);
    client.close();
  });

  it('reaches a handler that waits for requests', async () => {
    const { promise: seen, resolve } = Promise.withResolvers<unknown>();
    const waiting = Promise.withResolvers<void>();
    const implementation = {
      ...unimplemented(Agent),
      attestAgent: async function* (requests: AsyncIterable<unknown>) {
        yield {};
        try {
          waiting.resolve();
          await collect(requests);
        } catch (error) {
          resolve(error);
          throw error;
        }
      },
    };
    await using rig = await serveUnix((server) => bindService(server, Agent, implementation));
    const client = createClient(Agent, { kind: 'unix', path: rig.path });
    const silent = new AbortController();
    const requests = async function* () {
      await once(silent.signal, 'abort');
      yield {};
    };
    const answers = client.attestAgent(requests());
    await answers.next();
    await waiting.promise;
    await answers.return();
    expect(await seen).toMatchObject({ reason: 'rpc.cancelled' });
    silent.abort();
    client.close();
  });

  it('is what a deadline comes to', async () => {
    const check = async (_request: unknown, { signal }: CallContext) => {
      await once(signal, 'abort');
      return {};
    };
    await using rig = await serveUnix((server) => bindService(server, Health, health({ check })));
    const client = clientOf(rig);
    const failure = await rejectionOf(client.check({}, { timeoutMs: 50 }));
    expect(failure).toMatchObject({ code: 'deadline_exceeded' });
    client.close();
  });
});

describe('a caller that does not read', () => {
  it('holds up its own stream and nothing else', async () => {
    let pulled = 0;
    const statuses = Object.fromEntries(
      Array.from({ length: 5000 }, (_, index) => [`service-${index}`, { status: 1 }]),
    );
    const attestAgent = async function* () {
      for (; pulled < 1000; pulled += 1) {
        yield { step: { case: 'challenge' as const, value: Buffer.alloc(64 * 1024) } };
      }
    };
    await using rig = await serveUnix((server) => {
      bindService(server, Agent, { ...unimplemented(Agent), attestAgent });
      const list = () => Promise.resolve({ statuses });
      bindService(server, Health, health({ list }));
    });
    const slow = createClient(Agent, { kind: 'unix', path: rig.path });
    const answers = slow.attestAgent(collectable());
    await answers.next();
    const other = clientOf(rig);
    for (let call = 0; call < 50; call += 1) await other.list({});
    expect(pulled).toBeLessThan(100);
    await answers.return();
    slow.close();
    other.close();
  });
});

async function* collectable() {
  yield {};
}

describe('a stream of requests', () => {
  /** None of the contracts we serve has a method of this kind. */
  function collector(): DescService {
    const file = create(FileDescriptorProtoSchema, {
      name: 'collector.proto',
      package: 'test',
      syntax: 'proto3',
      dependency: ['google/protobuf/wrappers.proto'],
      service: [
        {
          name: 'Collector',
          method: [
            {
              name: 'Join',
              inputType: '.google.protobuf.StringValue',
              outputType: '.google.protobuf.StringValue',
              clientStreaming: true,
            },
          ],
        },
      ],
    });
    const set = create(FileDescriptorSetSchema, {
      file: [file_google_protobuf_wrappers.proto, file],
    });
    const service = createFileRegistry(set).getService('test.Collector');
    if (service === undefined) throw new Error('no such service');
    return service;
  }

  const words = async function* () {
    for (const value of ['a', 'b', 'c']) yield create(StringValueSchema, { value });
  };

  type Join = (requests: AsyncIterable<unknown>) => Promise<{ readonly value: string }>;

  it('is collected into one answer', async () => {
    const join = async (requests: AsyncIterable<{ value: string }>) => ({
      value: (await collect(requests)).map(({ value }) => value).join('+'),
    });
    await using rig = await serveUnix((server) =>
      bindService(server, collector(), { join } as never),
    );
    const client = createClient(collector(), { kind: 'unix', path: rig.path });
    expect(await (client['join'] as unknown as Join)(words())).toMatchObject({ value: 'a+b+c' });
    client.close();
  });

  it('may be answered before it ends', async () => {
    const join = async (requests: AsyncIterable<{ value: string }>) => {
      for await (const { value } of requests) return { value };
      return {};
    };
    await using rig = await serveUnix((server) =>
      bindService(server, collector(), { join } as never),
    );
    const client = createClient(collector(), { kind: 'unix', path: rig.path });
    expect(await (client['join'] as unknown as Join)(words())).toMatchObject({ value: 'a' });
    client.close();
  });

  it('that fails on the side of the caller cancels the call', async () => {
    const seen = Promise.withResolvers<unknown>();
    const first = Promise.withResolvers<void>();
    const join = async (requests: AsyncIterable<unknown>) => {
      try {
        for await (const _ of requests) first.resolve();
      } catch (error) {
        seen.resolve(error);
      }
      return {};
    };
    await using rig = await serveUnix((server) =>
      bindService(server, collector(), { join } as never),
    );
    const client = createClient(collector(), { kind: 'unix', path: rig.path });
    const broken = async function* () {
      yield create(StringValueSchema, { value: 'a' });
      await first.promise;
      throw new Error('broken');
    };
    const failure = await rejectionOf((client['join'] as unknown as Join)(broken()));
    expect(failure?.reason).toBe('rpc.cancelled');
    expect(await seen.promise).toMatchObject({ reason: 'rpc.cancelled' });
    client.close();
  });
});
