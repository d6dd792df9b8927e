// signet audit show
import type { Command } from 'commander';
import { logEntrySchema } from '../../api/rest/wire/log-entry.ts';
import { count, newCommand } from '../command.ts';
import { renderFields } from '../fields.ts';
import type { Shell } from '../shell.ts';

export function auditShow(shell: Shell): Command {
  return newCommand('show', 'Show one log entry', 'audit show 41')
    .argument('<index>', 'its number in the log', count)
    .action(async (index: number) => {
      const path = `/v1/log/entries/${index}`;
      const { value } = await shell.client().call(logEntrySchema, { path });
      const { event, leafHash, time } = value;
      shell.print(value, () => renderFields({ index, time, ...event, leafHash }, shell.nowMs));
    });
}
