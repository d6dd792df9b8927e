// Hands an accepted connection, whose peer is known, to grpc-js, and stands before every call of it:
// the call gets its context, and proceeds only if it is allowed to.
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  type ConnectionInjector,
  experimental,
  type Server,
  ServerCredentials,
  type ServerInterceptor,
  ServerInterceptingCall,
} from '@grpc/grpc-js';
import { SignetError } from '../runtime/errors.ts';
import { type Authorize, type CallContext, rememberCall, type Report } from './call.ts';
import type { Peer } from './peer.ts';
import { toStatus } from './status.ts';

interface Rules {
  readonly authorize: Authorize | undefined;
  readonly report: Report;
}

const rulesOf = new WeakMap<Server, Map<string, Rules>>();

/** What is asked before a call of the method at `path` proceeds. */
export function rememberRules(server: Server, path: string, rules: Rules): void {
  const rulesByPath = rulesOf.get(server) ?? new Map<string, Rules>();
  rulesOf.set(server, rulesByPath.set(path, rules));
}

/** One of these ends every call, and costs nothing: a stack says nothing about it. */
const callOver = new SignetError('rpc.cancelled');

function gateOf(server: Server, peer: Peer): ServerInterceptor {
  return (method, call) => {
    const over = new AbortController();
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            const context: CallContext = {
              signal: over.signal,
              metadata,
              method: method.path,
              peer,
              requestId: randomUUID(),
            };
            rememberCall(context);
            const rules = rulesOf.get(server)?.get(method.path);
            void admit(context, rules).then(
              () => pass(metadata),
              (thrown: unknown) => {
                if (!over.signal.aborted) rules?.report(SignetError.from(thrown), context);
                call.sendStatus(toStatus(thrown, context.requestId));
              },
            );
          },
          onCancel: () => over.abort(callOver),
        }),
    });
  };
}

/** A method without rules was not bound by `bindService`, and is closed to everyone. */
async function admit(context: CallContext, rules: Rules | undefined): Promise<void> {
  if (rules === undefined) throw new SignetError('rpc.not_implemented');
  await rules.authorize?.(context);
}

/** Serves a socket. The injector returned ends its calls; it must be destroyed with the socket. */
export function injectConnection(server: Server, socket: Socket, peer: Peer): ConnectionInjector {
  const credentials = experimental.createServerCredentialsWithInterceptors(
    ServerCredentials.createInsecure(),
    [gateOf(server, peer)],
  );
  const injector = server.createConnectionInjector(credentials);
  injector.injectConnection(socket);
  return injector;
}
