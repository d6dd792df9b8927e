// signet entry delete
import type { Command } from 'commander';
import { entrySchema } from '../../api/rest/wire/entry.ts';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';

export function entryDelete(shell: Shell): Command {
  return newCommand(
    'delete',
    'Delete an entry: what was issued for it stays valid, and is not renewed',
    'entry delete 5e0c53a1-0b1f-4ad5-8a6d-3f2b8f0d7d11',
  )
    .argument('<id>')
    .action(async (id: string) => {
      const call = { method: 'DELETE', path: `/v1/entries/${encodeURIComponent(id)}` } as const;
      const { value, logIndex } = await shell.client().call(entrySchema, call);
      shell.printChange(`entry ${value.id} deleted`, value, logIndex);
    });
}
