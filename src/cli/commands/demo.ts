// signet demo: shows on this machine what Signet does.
import type { Command } from 'commander';
import { createLogger } from '../../runtime/log.ts';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';

export function demo(shell: Shell): Command {
  return newCommand(
    'demo',
    'Show what Signet does, with real sidecars on this machine',
    'demo',
  ).action(async () => {
    const { runDemo } = await import('../demo/demo.ts');
    await runDemo(shell.io, createLogger('error'));
  });
}
