// signet agent: runs a node agent until it is told to stop.
import type { Command } from 'commander';
import { loadAgentSettings } from '../../config/load.ts';
import { createLogger } from '../../runtime/log.ts';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';
import { agentHealthcheck } from './agent-healthcheck.ts';
import { agentValidate } from './validate.ts';

export function agent(shell: Shell): Command {
  return newCommand('agent', 'Run a node agent', 'agent --config /etc/signet/agent.yaml')
    .option('-c, --config <file>', 'its configuration', '/etc/signet/agent.yaml')
    .action(async ({ config }: { readonly config: string }) => {
      const settings = await loadAgentSettings(config);
      const { runAgent } = await import('../../agent/run.ts');
      await runAgent(settings, { signal: shell.io.signal, log: createLogger(settings.logLevel) });
    })
    .addCommand(agentValidate(shell))
    .addCommand(agentHealthcheck(shell));
}
