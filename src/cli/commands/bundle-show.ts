// signet bundle show
import { type Command, Option } from 'commander';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';

interface Options {
  readonly format: 'pem' | 'spiffe';
}

const acceptOf = { pem: 'application/x-pem-file', spiffe: 'application/json' } as const;

export function bundleShow(shell: Shell): Command {
  return newCommand(
    'show',
    'Print the trust bundle: what workloads trust',
    'bundle show --format spiffe > bundle.json',
  )
    .addOption(
      new Option('--format <format>', 'PEM, or a SPIFFE JWK Set')
        .choices(['pem', 'spiffe'])
        .default('pem'),
    )
    .action(async ({ format }: Options) => {
      const headers = { accept: acceptOf[format] };
      const text = await shell.client().text({ path: '/v1/bundle', headers });
      shell.io.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    });
}
