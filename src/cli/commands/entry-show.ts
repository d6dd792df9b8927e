// signet entry show
import type { Command } from 'commander';
import { entrySchema } from '../../api/rest/wire/entry.ts';
import { newCommand } from '../command.ts';
import { renderFields } from '../fields.ts';
import type { Shell } from '../shell.ts';

export function entryShow(shell: Shell): Command {
  return newCommand('show', 'Show one entry', 'entry show 5e0c53a1-0b1f-4ad5-8a6d-3f2b8f0d7d11')
    .argument('<id>')
    .action(async (id: string) => {
      const path = `/v1/entries/${encodeURIComponent(id)}`;
      const { value } = await shell.client().call(entrySchema, { path });
      shell.print(value, () => renderFields(value, shell.nowMs));
    });
}
