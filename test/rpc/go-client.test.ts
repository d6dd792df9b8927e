import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { beforeAll, describe, expect, it } from 'vitest';
import { Agent } from '../../src/gen/spire/api/server/agent/v1/agent_pb.js';
import {
  PermissionDeniedDetails_Reason as Denied,
  PermissionDeniedDetailsSchema,
} from '../../src/gen/spire/api/types/status_pb.js';
import { Health } from '../../src/gen/grpc/health/v1/health_pb.js';
import { createServer } from '../../src/rpc/server.ts';
import { bindService, type ServiceImplementation, unimplemented } from '../../src/rpc/service.ts';
import { RpcStatus } from '../../src/rpc/status.ts';
import { secureContextOf, type TlsIdentity } from '../../src/rpc/tls-identity.ts';
import { TlsListener } from '../../src/rpc/tls-listener.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { buildGo, requireGo, runGo } from '../support/go.ts';
import { pemOfIdentity, type TestAuthority, testAuthority } from '../support/tls-identities.ts';
import { health, serveUnix, temporaryDirectory } from './rig.ts';

interface Outcome {
  readonly code: string;
  readonly message: string;
  readonly answers: readonly string[];
  readonly denied: string;
}

const agent: ServiceImplementation<typeof Agent> = {
  ...unimplemented(Agent),
  async *attestAgent(requests) {
    let answered = 0;
    for await (const { step } of requests) {
      if (step.case === 'challengeResponse') answered += 1;
      if (answered === 2) break;
      yield { step: { case: 'challenge', value: Buffer.from(`challenge ${answered}`) } };
    }
    yield { step: { case: 'result', value: { reattestable: true } } };
  },
  postStatus() {
    const details = create(PermissionDeniedDetailsSchema, { reason: Denied.AGENT_BANNED });
    const attachments = [anyPack(PermissionDeniedDetailsSchema, details)];
    throw new RpcStatus('rpc.permission_denied', { wording: { text: 'no: ü 100%', attachments } });
  },
};

function bind(server: Server): void {
  bindService(server, Health, health());
  bindService(server, Agent, agent);
}

describe.skipIf(!requireGo())('the Go implementation of gRPC', () => {
  let binary: string;
  let authority: TestAuthority;

  beforeAll(async () => {
    binary = await buildGo(join(import.meta.dirname, 'go'));
    authority = await testAuthority();
  }, 300_000);

  const call = async (...args: string[]): Promise<Outcome> =>
    JSON.parse((await runGo(binary, args)).toString()) as Outcome;

  describe('over a Unix socket', () => {
    it('gets the answer of a unary call', async () => {
      await using rig = await serveUnix(bind);
      const outcome = await call('-target', `unix:${rig.path}`);
      expect(outcome).toMatchObject({ code: 'OK', answers: ['SERVING'] });
    });

    it('exchanges messages both ways and sees the end of the stream', async () => {
      await using rig = await serveUnix(bind);
      const outcome = await call('-target', `unix:${rig.path}`, '-method', 'attest');
      expect(outcome.answers).toEqual(['challenge 0', 'challenge 1', 'result']);
      expect(outcome.code).toBe('OK');
    });

    it('reads the text and the details of a denial', async () => {
      await using rig = await serveUnix(bind);
      const outcome = await call('-target', `unix:${rig.path}`, '-method', 'post');
      expect(outcome).toMatchObject({
        code: 'PermissionDenied',
        message: 'no: ü 100%',
        denied: 'AGENT_BANNED',
      });
    });

    it('is told at what size a message is refused, compressed or not', async () => {
      await using rig = await serveUnix(bind);
      const large = ['-target', `unix:${rig.path}`, '-size', '5000000'];
      expect((await call(...large)).code).toBe('ResourceExhausted');
      expect((await call(...large, '-gzip')).code).toBe('ResourceExhausted');
      const small = ['-target', `unix:${rig.path}`, '-size', '5000', '-gzip'];
      expect((await call(...small)).code).toBe('OK');
    });
  });

  describe.each(['1.2', '1.3'])('over TLS %s', (version) => {
    async function callOverTls(presents?: TlsIdentity) {
      await using directory = await temporaryDirectory();
      const identity = await authority.issue('spiffe://a.test/spire/server');
      const server = createServer();
      const chains: number[] = [];
      bind(server);
      const listener = await TlsListener.listen(server, {
        host: '127.0.0.1',
        port: 0,
        secureContext: () => secureContextOf(identity),
        verifyPeer: authority.verifier((chain) => chains.push(chain.length)),
        clock: systemClock,
      });
      const args = ['-target', `127.0.0.1:${listener.port}`, '-tls', '-version', version];
      if (presents !== undefined) {
        const { cert, key } = pemOfIdentity(presents);
        const [certFile, keyFile] = [join(directory.path, 'c'), join(directory.path, 'k')];
        await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
        args.push('-cert', certFile, '-key', keyFile);
      }
      const outcome = await call(...args);
      await listener.close(0);
      server.forceShutdown();
      return { outcome, chains };
    }

    it('is served without a client certificate', async () => {
      const { outcome, chains } = await callOverTls();
      expect(outcome).toMatchObject({ code: 'OK', answers: ['SERVING'] });
      expect(chains).toEqual([]);
    });

    it('is served with one that verifies', async () => {
      const { outcome, chains } = await callOverTls(await authority.issue('spiffe://a.test/x'));
      expect(outcome).toMatchObject({ code: 'OK', answers: ['SERVING'] });
      expect(chains).toEqual([1]);
    });

    it('is refused with one that does not', async () => {
      const stranger = await testAuthority();
      const { outcome } = await callOverTls(await stranger.issue('spiffe://a.test/x'));
      expect(outcome.code).toBe('Unavailable');
    });
  });
});
