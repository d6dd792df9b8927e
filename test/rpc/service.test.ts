import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { Agent } from '../../src/gen/spire/api/server/agent/v1/agent_pb.js';
import {
  Health,
  HealthCheckResponse_ServingStatus as Serving,
  HealthCheckResponseSchema,
} from '../../src/gen/grpc/health/v1/health_pb.js';
import type { CallContext } from '../../src/rpc/call.ts';
import { createClient } from '../../src/rpc/client.ts';
import { encodeMessage } from '../../src/rpc/encoded-message.ts';
import { definitionOf } from '../../src/rpc/method-definition.ts';
import { bindService, unimplemented } from '../../src/rpc/service.ts';
import { RpcFailure } from '../../src/rpc/status.ts';
import { SignetError } from '../../src/runtime/errors.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { collect, health, healthClient as clientOf, serveUnix } from './rig.ts';

describe('a bound service', () => {
  it('answers a unary call with what the promise resolves to', async () => {
    await using rig = await serveUnix((server) => bindService(server, Health, health()));
    const client = clientOf(rig);
    expect((await client.check({ service: 'x' })).status).toBe(Serving.SERVING);
    client.close();
  });

  it('streams what a generator yields, then ends', async () => {
    const statuses = [Serving.SERVING, Serving.NOT_SERVING, Serving.UNKNOWN];
    const watch = async function* () {
      for (const status of statuses) yield { status };
    };
    await using rig = await serveUnix((server) => bindService(server, Health, health({ watch })));
    const client = clientOf(rig);
    expect((await collect(client.watch({}))).map(({ status }) => status)).toEqual(statuses);
    client.close();
  });

  it('exchanges messages both ways until the handler returns, also with requests still coming', async () => {
    const implementation = {
      ...unimplemented(Agent),
      attestAgent: async function* (requests) {
        for await (const { step } of requests) {
          if (step.case !== 'challengeResponse') continue;
          yield { step: { case: 'challenge' as const, value: step.value } };
          if (step.value[0] === 2) break;
        }
        yield { step: { case: 'result' as const, value: { reattestable: true } } };
      },
    } satisfies Parameters<typeof bindService<typeof Agent>>[2];
    await using rig = await serveUnix((server) => bindService(server, Agent, implementation));
    const client = createClient(Agent, { kind: 'unix', path: rig.path });
    const sent = async function* () {
      for (let byte = 0; ; byte += 1) {
        yield { step: { case: 'challengeResponse' as const, value: Uint8Array.of(byte) } };
      }
    };
    const answers = await collect(client.attestAgent(sent()));
    expect(answers.map(({ step }) => step.case)).toEqual([
      'challenge',
      'challenge',
      'challenge',
      'result',
    ]);
    client.close();
  });

  it('sends an answer that is encoded already as it is', async () => {
    const encoded = encodeMessage(HealthCheckResponseSchema, { status: Serving.NOT_SERVING });
    const check = () => Promise.resolve(encoded);
    await using rig = await serveUnix((server) => bindService(server, Health, health({ check })));
    const client = clientOf(rig);
    expect((await client.check({})).status).toBe(Serving.NOT_SERVING);
    client.close();
  });

  it('does not compile, and does not start, with a method left out', () => {
    const { check, watch } = health();
    const server = new Server();
    // @ts-expect-error -- list is missing
    expect(() => bindService(server, Health, { check, watch })).toThrow(SignetError);
  });

  it('answers what is not implemented with a status that says so', async () => {
    await using rig = await serveUnix((server) =>
      bindService(server, Health, unimplemented(Health)),
    );
    const client = clientOf(rig);
    for (const failure of [
      await rejectionOf(client.check({})),
      await rejectionOf(collect(client.watch({}))),
    ]) {
      expect(failure).toMatchObject({ remoteReason: 'rpc.not_implemented', code: 'unimplemented' });
    }
    client.close();
  });

  it('tells the handler which method, which process and which call it serves', async () => {
    const contexts: CallContext[] = [];
    const check = (_request: unknown, context: CallContext) => {
      contexts.push(context);
      return Promise.resolve({});
    };
    await using rig = await serveUnix((server) => bindService(server, Health, health({ check })));
    const client = clientOf(rig);
    await client.check({}, { headers: { 'x-test': 'yes' } });
    await client.check({});
    expect(contexts[0]).toMatchObject({
      method: '/grpc.health.v1.Health/Check',
      peer: { kind: 'unix', process: { pid: process.pid, uid: process.getuid?.() } },
    });
    expect(contexts[0]?.metadata.get('x-test')).toEqual(['yes']);
    expect(contexts[0]?.requestId).not.toBe(contexts[1]?.requestId);
    client.close();
  });
});

describe('a method', () => {
  it('that was not bound here is closed to everyone', async () => {
    await using rig = await serveUnix((server) => {
      const definition = { check: definitionOf(Health.method.check) };
      server.addService(definition, { check: () => undefined });
    });
    const client = clientOf(rig);
    expect(await rejectionOf(client.check({}))).toMatchObject({ code: 'unimplemented' });
    client.close();
  });

  it('receives the headers sent with a stream', async () => {
    const headers: unknown[] = [];
    const watch = async function* (_request: unknown, { metadata }: CallContext) {
      headers.push(metadata.get('workload.spiffe.io'));
      yield {};
    };
    await using rig = await serveUnix((server) => bindService(server, Health, health({ watch })));
    const client = clientOf(rig);
    await collect(client.watch({}, { headers: { 'workload.spiffe.io': 'true' } }));
    expect(headers).toEqual([['true']]);
    client.close();
  });
});

describe('a failing handler', () => {
  it('keeps what was not classified to the report, and hands out the request id instead', async () => {
    const secret = new Error('password is hunter2');
    const reports: SignetError[] = [];
    const report = (error: SignetError) => reports.push(error);
    const check = () => Promise.reject(secret);
    await using rig = await serveUnix((server) =>
      bindService(server, Health, health({ check }), { report }),
    );
    const client = clientOf(rig);
    const failure = await rejectionOf(client.check({}));
    expect(failure).toMatchObject({ code: 'internal', remoteReason: 'internal' });
    expect(failure instanceof RpcFailure && failure.text).not.toContain('hunter2');
    expect(reports).toMatchObject([{ reason: 'internal', cause: secret }]);
    client.close();
  });

  it('ends a stream with the status after what it has sent', async () => {
    const watch = async function* () {
      yield { status: Serving.SERVING };
      throw new SignetError('rpc.not_found');
    };
    await using rig = await serveUnix((server) => bindService(server, Health, health({ watch })));
    const client = clientOf(rig);
    const answers = client.watch({});
    expect((await answers.next()).done).toBe(false);
    expect(await rejectionOf(answers.next())).toMatchObject({ code: 'not_found' });
    client.close();
  });
});

describe('authorization', () => {
  it('refuses before a handler runs or a message is decoded', async () => {
    let handled = 0;
    const check = () => {
      handled += 1;
      return Promise.resolve({});
    };
    const authorize = ({ method }: CallContext) => {
      if (method.endsWith('/Check')) throw new SignetError('rpc.permission_denied');
    };
    await using rig = await serveUnix((server) =>
      bindService(server, Health, health({ check }), { authorize }),
    );
    const client = clientOf(rig);
    // Larger than any message may be: a server that read it would say so.
    const failure = await rejectionOf(client.check({ service: 'x'.repeat(5_000_000) }));
    expect(failure).toMatchObject({ code: 'permission_denied' });
    expect(handled).toBe(0);
    expect(await collect(client.watch({}))).toHaveLength(1);
    client.close();
  });

  it('may take its time, and hands what it found to the handler by the context', async () => {
    const callers = new WeakMap<CallContext, string>();
    const authorize = async (context: CallContext) => {
      await Promise.resolve();
      callers.set(context, 'agent');
    };
    const check = (_request: unknown, context: CallContext) =>
      Promise.resolve({ status: callers.get(context) === 'agent' ? 1 : 2 });
    await using rig = await serveUnix((server) =>
      bindService(server, Health, health({ check }), { authorize }),
    );
    const client = clientOf(rig);
    expect((await client.check({})).status).toBe(Serving.SERVING);
    client.close();
  });

  it('fails closed when it breaks', async () => {
    const authorize = () => Promise.reject(new TypeError('broken'));
    await using rig = await serveUnix((server) =>
      bindService(server, Health, health(), { authorize }),
    );
    const client = clientOf(rig);
    expect(await rejectionOf(client.check({}))).toMatchObject({ code: 'internal' });
    client.close();
  });

  it('lets nobody in whose connection no listener of ours has identified', async () => {
    const server = new Server();
    bindService(server, Health, health());
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const same = (bytes: Buffer) => bytes;
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', same, same, Buffer.alloc(0), (error) =>
      resolve(error?.code),
    );
    expect(await promise).toBe(16); // UNAUTHENTICATED
    client.close();
    server.forceShutdown();
  });
});
