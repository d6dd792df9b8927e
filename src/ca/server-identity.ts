// The server's own SVID, `spiffe://<trust domain>/spire/server`: an ordinary order, with a leaf in the log
// like any other, renewed at half its life.
import { randomUUID } from 'node:crypto';
import type { Changes } from '../audit/ledger.ts';
import { createCsr } from '../pki/csr.ts';
import { generateKeyPair, privateKeyDer } from '../pki/key.ts';
import { jitterMs } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import { startJob } from '../runtime/job.ts';
import { Latest } from '../runtime/latest.ts';
import type { Logger } from '../runtime/log.ts';
import { spiffeId, type SpiffeId } from '../spiffe/spiffe-id.ts';
import type { X509Svid } from '../spiffe/svid.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import type { IssuanceService } from './issuance.ts';
import { SignetError } from '../runtime/errors.ts';

export interface ServerIdentityOptions {
  readonly issuance: Pick<IssuanceService<Changes>, 'issue'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly trustDomain: TrustDomain;
  /** Names by which others reach the server; the SPIFFE ID is what they check. */
  readonly dnsNames?: readonly string[];
  /** 0, the default, means that of the profile. */
  readonly ttlSeconds?: number;
}

export interface ServerIdentity {
  readonly svids: Latest<X509Svid>;
  /** Renews it now, as after its issuer was tainted. */
  renew(): void;
  stop(): Promise<void>;
}

/** The wall clock may jump, or the machine be suspended. */
const longestWaitMs = 60_000;

export function serverId(trustDomain: TrustDomain): SpiffeId {
  return spiffeId(trustDomain, 'spire', 'server');
}

/** Resolves with the first SVID at hand. @throws whatever `issue` does, if there is not even a first */
export async function startServerIdentity(options: ServerIdentityOptions): Promise<ServerIdentity> {
  const { clock, log } = options;
  const svids = new Latest(await issueServerSvid(options));
  let renewAt = halfLifeMs(svids.value);
  const job = startJob({
    name: 'server-identity',
    clock,
    log,
    retry: { baseMs: 1000, maxMs: 60_000 },
    async run() {
      if (renewAt <= clock.unixMs()) {
        svids.set(await issueServerSvid(options));
        renewAt = halfLifeMs(svids.value);
      }
      return Math.max(1, Math.min(longestWaitMs, renewAt - clock.unixMs()));
    },
  });
  return {
    svids,
    renew() {
      renewAt = 0;
      job.wake();
    },
    stop: () => job.stop(),
  };
}

async function issueServerSvid(options: ServerIdentityOptions): Promise<X509Svid> {
  const { issuance, trustDomain, dnsNames = [], ttlSeconds = 0 } = options;
  const { privateKey } = generateKeyPair();
  const id = serverId(trustDomain);
  const order = {
    csr: createCsr({ privateKey, uris: [id] }),
    spiffeId: id,
    dnsNames,
    profile: 'server',
    ttlSeconds,
  } as const;
  const origin = { actor: 'system:signet', requestId: randomUUID() };
  const [outcome] = await issuance.issue([order], origin);
  if (outcome === undefined) throw new SignetError('internal');
  if ('error' in outcome) throw outcome.error;
  const { chain, serial, notBefore, notAfter } = outcome.issued;
  return {
    spiffeId: id,
    chain,
    privateKey: privateKeyDer(privateKey),
    serial,
    notBefore,
    notAfter,
  };
}

/** Half way through its life, give or take a tenth, so that servers do not renew together. */
function halfLifeMs({ notBefore, notAfter }: X509Svid): number {
  return notBefore * 1000 + jitterMs(((notAfter - notBefore) * 1000) / 2, 0.1);
}
