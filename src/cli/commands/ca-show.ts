// signet ca show
import type { Command } from 'commander';
import { Type } from 'typebox';
import { type AuthorityJson, authoritySchema } from '../../api/rest/wire/authority.ts';
import { newCommand } from '../command.ts';
import { relativeTime } from '../relative-time.ts';
import type { Shell } from '../shell.ts';
import { shortIds } from '../short-ids.ts';
import { renderTable } from '../table.ts';

const listSchema = Type.Object({ items: Type.Array(authoritySchema) });

export function caShow(shell: Shell): Command {
  return newCommand('show', 'Show the authorities, the oldest first', 'ca show').action(
    async () => {
      const { value } = await shell.client().call(listSchema, { path: '/v1/authorities' });
      shell.print(value.items, () => tableOf(value.items, shell.nowMs));
    },
  );
}

function tableOf(authorities: readonly AuthorityJson[], nowMs: number): string {
  const short = shortIds(authorities.map(({ id }) => id));
  return renderTable<AuthorityJson>(
    [
      { title: 'AUTHORITY', value: ({ id }) => short(id) },
      { title: 'ROLE', value: ({ role }) => role },
      { title: 'STATE', value: ({ state }) => state },
      {
        title: 'SIGNED BY',
        value: ({ id, parentId }) => (id === parentId ? 'itself' : short(parentId)),
      },
      { title: 'CREATED', value: ({ createdAt }) => relativeTime(createdAt, nowMs) },
      { title: 'EXPIRES', value: ({ notAfter }) => relativeTime(notAfter, nowMs) },
    ],
    authorities,
  );
}
