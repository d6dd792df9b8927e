// signet server validate, signet agent validate: checks a configuration without starting anything.
import type { Command } from 'commander';
import { loadAgentSettings, loadServerSettings } from '../../config/load.ts';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';

export function serverValidate(shell: Shell): Command {
  return validate(shell, 'server', loadServerSettings);
}

export function agentValidate(shell: Shell): Command {
  return validate(shell, 'agent', loadAgentSettings);
}

function validate(
  shell: Shell,
  kind: 'agent' | 'server',
  load: (file: string) => Promise<unknown>,
): Command {
  const example = `${kind} validate --config ${kind}.yaml`;
  return (
    newCommand('validate', `Check a configuration, the --config of signet ${kind}`, example)
      // --config is an option of the command above, which takes it wherever it stands
      .action(async (_options: unknown, command: Command) => {
        const { config } = command.optsWithGlobals<{ readonly config: string }>();
        await load(config);
        shell.print({ file: config, valid: true }, () => `${config} is valid\n`);
      })
  );
}
