// What the agent tells the server of itself.
import type { ServerClients } from './server-connection.ts';

/** As the server shows it to admins. */
const agentVersion = 'signet';

/** @throws SignetError `rpc.*` */
export async function postStatus(
  { agent }: ServerClients,
  bundleSequence: number,
  signal: AbortSignal,
): Promise<void> {
  const currentBundleSerial = BigInt(bundleSequence);
  await agent.postStatus({ agentVersion, currentBundleSerial }, { signal });
}
