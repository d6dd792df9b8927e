// What `agents evict` and `agents ban` have in common: both cut workloads off, so what they hit is shown
// first.
import { agentSchema } from '../../api/rest/wire/agent.ts';
import { entrySchema } from '../../api/rest/wire/entry.ts';
import { svidSchema } from '../../api/rest/wire/svid.ts';
import { readList } from '../lists.ts';
import type { Call } from '../rest-client.ts';
import type { Shell } from '../shell.ts';

export interface Removal {
  readonly method: NonNullable<Call['method']>;
  /** Behind the path of the agent. */
  readonly verb: string;
  /** What has happened then. */
  readonly done: string;
  /** What follows from it, in one sentence. */
  readonly consequence: string;
}

export function agentPath(id: string): string {
  return `/v1/agents/${encodeURIComponent(id)}`;
}

/** More than so many are not counted. */
const countedAtMost = 1000;

export async function removeAgent(
  shell: Shell,
  id: string,
  { method, verb, done, consequence }: Removal,
  isConfirmed: boolean,
): Promise<void> {
  const client = shell.client();
  const path = agentPath(id);
  await client.call(agentSchema, { path });
  const entries = await readList(
    client,
    entrySchema,
    { path: '/v1/entries', query: { parentId: id } },
    countedAtMost,
  );
  const validAt = new Date(shell.nowMs).toISOString();
  const svids = await readList(
    client,
    svidSchema,
    { path: '/v1/svids', query: { node: id, validAt } },
    countedAtMost,
  );
  const hit = `${counted(entries.length, 'entry', 'entries')}, ${counted(svids.length, 'valid SVID', 'valid SVIDs')}`;
  await shell.confirm(`${id} serves ${hit}. ${consequence}`, isConfirmed);
  const { value, logIndex } = await client.call(agentSchema, { method, path: `${path}${verb}` });
  shell.printChange(`agent ${value.id} ${done}`, value, logIndex);
}

function counted(count: number, one: string, many: string): string {
  const number = count >= countedAtMost ? `${countedAtMost} or more` : String(count);
  return `${number} ${count === 1 ? one : many}`;
}
