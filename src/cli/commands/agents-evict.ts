// signet agents evict
import type { Command } from 'commander';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';
import { type Removal, removeAgent } from './agent-removal.ts';

const eviction: Removal = {
  method: 'DELETE',
  verb: '',
  done: 'evicted',
  consequence: 'It gets nothing more until it attests its node again.',
};

export function agentsEvict(shell: Shell): Command {
  return newCommand(
    'evict',
    'Forget an agent, so that it must attest its node again',
    'agents evict spiffe://example.org/spire/agent/join_token/1f0c7a52 --yes',
  )
    .argument('<spiffe-id>')
    .option('--yes', 'do not ask')
    .action((id: string, { yes = false }: { readonly yes?: boolean }) =>
      removeAgent(shell, id, eviction, yes),
    );
}
