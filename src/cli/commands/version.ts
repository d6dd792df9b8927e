// signet version
import process from 'node:process';
import type { Command } from 'commander';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';
import { readVersion } from '../version.ts';

export function version(shell: Shell): Command {
  return newCommand('version', 'Print the version', 'version --output json').action(() => {
    const data = { version: readVersion(), node: process.versions.node };
    shell.print(data, () => `signet ${data.version} (Node.js ${data.node})\n`);
  });
}
