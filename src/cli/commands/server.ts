// signet server: runs a server until it is told to stop.
import type { Command } from 'commander';
import { loadServerSettings } from '../../config/load.ts';
import { createLogger } from '../../runtime/log.ts';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';
import { readVersion } from '../version.ts';
import { healthcheck } from './healthcheck.ts';
import { serverValidate } from './validate.ts';

export function server(shell: Shell): Command {
  return newCommand('server', 'Run a server', 'server --config /etc/signet/server.yaml')
    .option('-c, --config <file>', 'its configuration', '/etc/signet/server.yaml')
    .action(async ({ config }: { readonly config: string }) => {
      const settings = await loadServerSettings(config);
      const { runServer } = await import('../../server/run.ts');
      const log = createLogger(settings.logLevel);
      const { signal } = shell.io;
      await runServer(settings, { signal, log, version: readVersion() });
    })
    .addCommand(serverValidate(shell))
    .addCommand(healthcheck(shell, 'server healthcheck'));
}
