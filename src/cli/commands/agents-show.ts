// signet agents show
import type { Command } from 'commander';
import { agentSchema } from '../../api/rest/wire/agent.ts';
import { newCommand } from '../command.ts';
import { renderFields } from '../fields.ts';
import type { Shell } from '../shell.ts';
import { agentPath } from './agent-removal.ts';

export function agentsShow(shell: Shell): Command {
  return newCommand(
    'show',
    'Show one agent',
    'agents show spiffe://example.org/spire/agent/join_token/1f0c7a52',
  )
    .argument('<spiffe-id>')
    .action(async (id: string) => {
      const { value } = await shell.client().call(agentSchema, { path: agentPath(id) });
      shell.print(value, () => renderFields(value, shell.nowMs));
    });
}
