// signet entry create
import type { Command } from 'commander';
import { entrySchema } from '../../api/rest/wire/entry.ts';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';
import { addEntryOptions, entryBody, type EntryOptions } from './entry-options.ts';

export function entryCreate(shell: Shell): Command {
  const command = newCommand(
    'create',
    'Let workloads that have all of the selectors have a SPIFFE ID',
    'entry create --spiffe-id spiffe://example.org/web --parent-id spiffe://example.org/host \\\n' +
      '      --selector unix:uid:1000',
  )
    .requiredOption('--spiffe-id <id>', 'what the workload shall be')
    .requiredOption('--parent-id <id>', 'whose agent serves it');
  return addEntryOptions(command).action(async (options: EntryOptions) => {
    const body = { selectors: [], ...entryBody(options) };
    const call = { method: 'POST', path: '/v1/entries', body } as const;
    const { value, logIndex } = await shell.client().call(entrySchema, call);
    shell.printChange(`entry ${value.id} created`, value, logIndex);
  });
}
