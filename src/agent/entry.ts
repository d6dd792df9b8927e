// A registration entry as an agent knows it: who gets the identity, and what it says.
import type { Entry } from '../gen/spire/api/types/entry_pb.js';
import { SignetError } from '../runtime/errors.ts';
import { type Selector, selector } from '../spiffe/selector.ts';
import { parseSpiffeId, pathOf, type SpiffeId, trustDomainOf } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';

export interface AgentEntry {
  readonly id: string;
  readonly spiffeId: SpiffeId;
  /** Never empty. A process with all of these, and perhaps more, has the identity. */
  readonly selectors: ReadonlySet<Selector>;
  readonly hint: string;
  readonly revision: bigint;
  /** Unix seconds, 0 if the server does not say; tells an entry from a later one of the same id. */
  readonly createdAt: bigint;
}

const longestId = 256;

/**
 * The entry in a message; undefined for one that no process of this node may have: malformed, of another
 * trust domain, without selectors, or meant for a secret store.
 */
export function readEntry(message: Entry, trustDomain: TrustDomain): AgentEntry | undefined {
  const { id, spiffeId: name, selectors, hint, revisionNumber, createdAt, storeSvid } = message;
  if (id === '' || id.length > longestId || selectors.length === 0 || storeSvid) return undefined;
  try {
    const spiffeId = parseSpiffeId(`spiffe://${name?.trustDomain ?? ''}${name?.path ?? ''}`);
    if (trustDomainOf(spiffeId) !== trustDomain || pathOf(spiffeId) === '') return undefined;
    return {
      id,
      spiffeId,
      selectors: new Set(selectors.map(({ type, value }) => selector(type, value))),
      hint,
      revision: revisionNumber,
      createdAt,
    };
  } catch (error) {
    if (error instanceof SignetError) return undefined;
    throw error;
  }
}
