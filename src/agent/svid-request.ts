// Asks the server for the SVIDs of several entries at once. Keys are made here and never leave.
import { createCsr } from '../pki/csr.ts';
import { generateKeyPair } from '../pki/key.ts';
import { SignetError } from '../runtime/errors.ts';
import type { X509Svid } from '../spiffe/svid.ts';
import type { AgentEntry } from './entry.ts';
import { acceptSvid } from './issued-svid.ts';
import type { ServerClients } from './server-connection.ts';

/** The most a stock server signs in one call. */
export const largestBatch = 500;

export interface Outcome {
  readonly entry: AgentEntry;
  /** `node.svid_refused` or `node.server_svid` where there is no SVID. */
  readonly result: X509Svid | SignetError;
}

/**
 * One outcome for each entry, in order.
 *
 * @throws SignetError `rpc.*`, `node.server_protocol` if there is no outcome at all
 */
export async function requestSvids(
  { svid }: ServerClients,
  entries: readonly AgentEntry[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const orders = entries.map((entry) => {
    const keys = generateKeyPair();
    return { entry, keys, csr: createCsr({ ...keys, uris: [entry.spiffeId] }) };
  });
  const params = orders.map(({ entry, csr }) => ({ entryId: entry.id, csr }));
  const { results } = await svid.batchNewX509SVID({ params }, { signal });
  if (results.length !== orders.length) throw new SignetError('node.server_protocol');
  return orders.map(({ entry, keys }, index) => {
    const { status, svid: issued } = results[index] ?? {};
    if (status?.code !== 0 || issued === undefined) {
      const details = { status: status?.code ?? -1 };
      return { entry, result: new SignetError('node.svid_refused', { details }) };
    }
    const asked = { ...keys, spiffeId: entry.spiffeId };
    return { entry, result: accepted(issued.certChain, asked) };
  });
}

function accepted(
  chain: readonly Uint8Array[],
  asked: Parameters<typeof acceptSvid>[1],
): X509Svid | SignetError {
  try {
    return acceptSvid(chain, asked);
  } catch (error) {
    return SignetError.from(error);
  }
}
