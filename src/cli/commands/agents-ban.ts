// signet agents ban
import type { Command } from 'commander';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';
import { type Removal, removeAgent } from './agent-removal.ts';

const ban: Removal = {
  method: 'POST',
  verb: ':ban',
  done: 'banned',
  consequence: 'It gets nothing more, and cannot attest its node again until it is evicted.',
};

export function agentsBan(shell: Shell): Command {
  return newCommand(
    'ban',
    'Keep an agent from attesting its node again',
    'agents ban spiffe://example.org/spire/agent/join_token/1f0c7a52 --yes',
  )
    .argument('<spiffe-id>')
    .option('--yes', 'do not ask')
    .action((id: string, { yes = false }: { readonly yes?: boolean }) =>
      removeAgent(shell, id, ban, yes),
    );
}
