// signet entry list
import type { Command } from 'commander';
import { type EntryJson, entrySchema } from '../../api/rest/wire/entry.ts';
import { collect, limit, newCommand } from '../command.ts';
import { readList } from '../lists.ts';
import type { Shell } from '../shell.ts';
import { shortIds } from '../short-ids.ts';
import { renderTable } from '../table.ts';

interface Options {
  readonly spiffeId?: string;
  readonly parentId?: string;
  readonly selector?: readonly string[];
  readonly hint?: string;
  readonly limit: number;
}

export function entryList(shell: Shell): Command {
  return newCommand('list', 'List entries', 'entry list --selector unix:uid:1000')
    .option('--spiffe-id <id>', 'only for this ID')
    .option('--parent-id <id>', 'only of this parent')
    .option('--selector <type:value>', 'only with all of these (repeatable)', collect)
    .option('--hint <text>', 'only with this hint')
    .option('--limit <count>', 'at most so many', limit, 1000)
    .action(async ({ limit: most, ...query }: Options) => {
      const call = { path: '/v1/entries', query };
      const entries = await readList(shell.client(), entrySchema, call, most);
      shell.print(entries, () => tableOf(entries));
    });
}

function tableOf(entries: readonly EntryJson[]): string {
  const short = shortIds(entries.map(({ id }) => id));
  return renderTable<EntryJson>(
    [
      { title: 'ENTRY', value: ({ id }) => short(id) },
      { title: 'SPIFFE ID', value: ({ spiffeId }) => spiffeId, elastic: true },
      { title: 'PARENT', value: ({ parentId }) => parentId, elastic: true },
      { title: 'SELECTORS', value: ({ selectors }) => selectors.join(' '), elastic: true },
    ],
    entries,
  );
}
