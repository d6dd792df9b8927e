// signet entry update
import type { Command } from 'commander';
import { entrySchema } from '../../api/rest/wire/entry.ts';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';
import { addEntryOptions, entryBody, type EntryOptions } from './entry-options.ts';

interface UpdateOptions extends EntryOptions {
  readonly revision?: string;
}

export function entryUpdate(shell: Shell): Command {
  const command = newCommand(
    'update',
    'Change an entry; what is not named stays as it is',
    'entry update 5e0c53a1-0b1f-4ad5-8a6d-3f2b8f0d7d11 --x509-svid-ttl 15m',
  )
    .argument('<id>')
    .option('--spiffe-id <id>', 'what the workload shall be')
    .option('--parent-id <id>', 'whose agent serves it')
    .option('--revision <number>', 'change it only if it is this one');
  return addEntryOptions(command).action(async (id: string, options: UpdateOptions) => {
    const client = shell.client();
    const path = `/v1/entries/${encodeURIComponent(id)}`;
    const ifMatch = await revisionTag(shell, path, options.revision);
    const { value, logIndex } = await client.call(entrySchema, {
      method: 'PATCH',
      path,
      body: entryBody(options),
      headers: { 'if-match': ifMatch },
    });
    shell.printChange(`entry ${value.id} updated to revision ${value.revision}`, value, logIndex);
  });
}

async function revisionTag(shell: Shell, path: string, given: string | undefined): Promise<string> {
  if (given !== undefined) return `"${given}"`;
  const { etag } = await shell.client().call(entrySchema, { path });
  return etag ?? '*';
}
