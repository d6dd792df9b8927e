// Where agents connect: TLS with the server's own SVID, every presented chain checked against the bundle
// of this moment.
import type { SecureContext } from 'node:tls';
import type { Server } from '@grpc/grpc-js';
import type { Address } from '../config/address.ts';
import { verifyChain } from '../pki/chain.ts';
import { RootSet } from '../pki/root-set.ts';
import { secureContextOf } from '../rpc/tls-identity.ts';
import { TlsListener } from '../rpc/tls-listener.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { X509Bundle } from '../spiffe/bundle.ts';
import type { X509Svid } from '../spiffe/svid.ts';
import type { ServerState } from './state.ts';

export interface AgentListenerOptions {
  readonly address: Address;
  readonly state: Pick<ServerState, 'authorities' | 'identity'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** @throws SignetError `listener.unusable` */
export function listenForAgents(
  server: Server,
  { address, state, clock, log }: AgentListenerOptions,
): Promise<TlsListener> {
  const contextOf = remembered((svid: X509Svid): SecureContext => secureContextOf(svid));
  const rootsOf = remembered(({ authorities }: X509Bundle) => RootSet.of(authorities));
  return TlsListener.listen(server, {
    host: address.host,
    port: address.port,
    secureContext: () => contextOf(state.identity.svids.value),
    verifyPeer(chain) {
      const at = Math.floor(clock.unixMs() / 1000);
      verifyChain({ chain, roots: rootsOf(state.authorities.bundle()), at, usage: 'client' });
    },
    clock,
    onRefused: (err, from) => log.info({ from, reason: err.reason }, 'connection refused'),
  });
}

/** Makes something once for as long as what it is made from stays the same object. */
function remembered<From extends object, To>(make: (from: From) => To): (from: From) => To {
  const made = new WeakMap<From, { readonly value: To }>();
  return (from) => {
    const known = made.get(from) ?? { value: make(from) };
    made.set(from, known);
    return known.value;
  };
}
