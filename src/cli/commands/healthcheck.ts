// signet healthcheck, signet server healthcheck: whether the server is ready.
import type { Command } from 'commander';
import { Type } from 'typebox';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';

const readiness = Type.Object({ status: Type.String() });

export function healthcheck(shell: Shell, within: 'server healthcheck' | 'healthcheck'): Command {
  return newCommand('healthcheck', 'Say whether the server is ready', within).action(async () => {
    const { value } = await shell.client().call(readiness, { path: '/readyz' });
    shell.print(value, () => `${value.status}\n`);
  });
}
