// signet audit list
import type { Command } from 'commander';
import { type LogEntryJson, logEntrySchema } from '../../api/rest/wire/log-entry.ts';
import { limit, newCommand } from '../command.ts';
import { readList } from '../lists.ts';
import { relativeTime } from '../relative-time.ts';
import type { Shell } from '../shell.ts';
import { renderTable } from '../table.ts';

interface Options {
  readonly kind?: string;
  readonly spiffeId?: string;
  readonly serial?: string;
  readonly node?: string;
  readonly entry?: string;
  readonly actor?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
}

export function auditList(shell: Shell): Command {
  return newCommand(
    'list',
    'List what the log records, the newest first',
    'audit list --kind x509.issued --spiffe-id spiffe://example.org/web',
    'audit list --since 2030-01-31T00:00:00Z --output json',
  )
    .option('--kind <kind>', 'of event, such as x509.issued')
    .option('--spiffe-id <id>', 'about this SPIFFE ID')
    .option('--serial <hex>', 'about this certificate')
    .option('--node <id>', 'about this agent')
    .option('--entry <id>', 'about this entry')
    .option('--actor <name>', 'done by this user, SPIFFE ID or system')
    .option('--since <time>', 'RFC 3339, inclusive')
    .option('--until <time>', 'RFC 3339, exclusive')
    .option('--limit <count>', 'at most so many', limit, 50)
    .action(async ({ limit: most, ...query }: Options) => {
      const call = { path: '/v1/log/entries', query };
      const entries = await readList(shell.client(), logEntrySchema, call, most);
      shell.print(entries, () => tableOf(entries, shell.nowMs));
    });
}

function tableOf(entries: readonly LogEntryJson[], nowMs: number): string {
  return renderTable<LogEntryJson>(
    [
      { title: 'LOG', value: ({ index }) => `#${index}` },
      { title: 'WHEN', value: ({ time }) => relativeTime(time, nowMs) },
      { title: 'WHAT', value: ({ kind }) => kind },
      { title: 'ABOUT', value: subjectOf, elastic: true },
      { title: 'BY', value: ({ event }) => textOf(event['actor']), elastic: true },
    ],
    entries,
  );
}

/** What of an event says most. */
function subjectOf({ event }: LogEntryJson): string {
  const names = ['spiffe_id', 'node', 'entry', 'target', 'serial'].map((name) => event[name]);
  return textOf(names.find((name) => name !== undefined));
}

function textOf(member: unknown): string {
  return typeof member === 'string' ? member : '';
}
