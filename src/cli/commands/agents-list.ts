// signet agents list
import type { Command } from 'commander';
import { type AgentJson, agentSchema } from '../../api/rest/wire/agent.ts';
import { limit, newCommand } from '../command.ts';
import { readList } from '../lists.ts';
import { relativeTime } from '../relative-time.ts';
import type { Shell } from '../shell.ts';
import { renderTable } from '../table.ts';

interface Options {
  readonly attestationType?: string;
  readonly banned?: boolean;
  readonly limit: number;
}

export function agentsList(shell: Shell): Command {
  return newCommand('list', 'List agents', 'agents list --banned')
    .option('--attestation-type <type>', 'only of this type, such as join_token')
    .option('--banned', 'only those that are banned')
    .option('--limit <count>', 'at most so many', limit, 1000)
    .action(async ({ limit: most, ...query }: Options) => {
      const call = { path: '/v1/agents', query };
      const agents = await readList(shell.client(), agentSchema, call, most);
      shell.print(agents, () => tableOf(agents, shell.nowMs));
    });
}

function tableOf(agents: readonly AgentJson[], nowMs: number): string {
  return renderTable<AgentJson>(
    [
      { title: 'AGENT', value: ({ id }) => id, elastic: true },
      { title: 'STATE', value: ({ state }) => state },
      { title: 'ATTESTED BY', value: ({ attestationType }) => attestationType },
      { title: 'ATTESTED', value: ({ attestedAt }) => relativeTime(attestedAt, nowMs) },
      { title: 'EXPIRES', value: ({ expiresAt }) => relativeTime(expiresAt, nowMs) },
    ],
    agents,
  );
}
