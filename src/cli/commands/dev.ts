// signet dev: a server and an agent in one process, to try things out.
import type { Command } from 'commander';
import { createLogger } from '../../runtime/log.ts';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';

interface Options {
  readonly trustDomain: string;
  readonly dataDir: string;
}

export function dev(shell: Shell): Command {
  return newCommand('dev', 'Run a server and an agent in one process, to try things out', 'dev')
    .option('--trust-domain <name>', 'name of the trust domain', 'example.org')
    .option('--data-dir <folder>', 'where everything is kept', './signet-dev')
    .action(async ({ trustDomain, dataDir }: Options) => {
      const { runDev } = await import('../dev-run.ts');
      const { io } = shell;
      await runDev({ trustDomain, dataDir }, { signal: io.signal, log: createLogger('warn'), io });
    });
}
