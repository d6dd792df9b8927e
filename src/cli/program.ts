// The command line: every command there is.
import { Command, Option } from 'commander';
import { newGroup } from './command.ts';
import { agent } from './commands/agent.ts';
import { agentsBan } from './commands/agents-ban.ts';
import { agentsEvict } from './commands/agents-evict.ts';
import { agentsList } from './commands/agents-list.ts';
import { agentsShow } from './commands/agents-show.ts';
import { apiFetchX509 } from './commands/api-fetch-x509.ts';
import { auditList } from './commands/audit-list.ts';
import { auditShow } from './commands/audit-show.ts';
import { auditVerify } from './commands/audit-verify.ts';
import { bundleShow } from './commands/bundle-show.ts';
import { caShow } from './commands/ca-show.ts';
import { demo } from './commands/demo.ts';
import { dev } from './commands/dev.ts';
import { entryCreate } from './commands/entry-create.ts';
import { entryDelete } from './commands/entry-delete.ts';
import { entryList } from './commands/entry-list.ts';
import { entryShow } from './commands/entry-show.ts';
import { entryUpdate } from './commands/entry-update.ts';
import { healthcheck } from './commands/healthcheck.ts';
import { server } from './commands/server.ts';
import { tokenCreate } from './commands/token-create.ts';
import { version } from './commands/version.ts';
import { x509Mint } from './commands/x509-mint.ts';
import type { Io } from './io.ts';
import { type GlobalOptions, Shell } from './shell.ts';

export interface Program {
  readonly command: Command;
  readonly shell: Shell;
}

export function buildProgram(io: Io): Program {
  const command = new Command('signet')
    .description('A certificate authority and SPIFFE identity service')
    .addOption(
      new Option(
        '--address <address>',
        'server to talk to, unix:/path or http://host:port; else SIGNET_ADDRESS',
      ),
    )
    .addOption(
      new Option('--output <format>', 'of answers')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    );
  const shell = new Shell(io, () => command.opts<GlobalOptions>());
  const fetch = newGroup('fetch', 'Fetch SVIDs from the agent', [apiFetchX509(shell)]);
  const commands = [
    demo(shell),
    dev(shell),
    server(shell),
    agent(shell),
    newGroup('entry', 'Which workloads may have which SPIFFE ID', [
      entryCreate(shell),
      entryUpdate(shell),
      entryShow(shell),
      entryList(shell),
      entryDelete(shell),
    ]),
    newGroup('agents', 'Node agents', [
      agentsList(shell),
      agentsShow(shell),
      agentsEvict(shell),
      agentsBan(shell),
    ]),
    newGroup('token', 'Join tokens', [tokenCreate(shell)]),
    newGroup('bundle', 'What workloads trust', [bundleShow(shell)]),
    newGroup('x509', 'X.509-SVIDs', [x509Mint(shell)]),
    newGroup('ca', 'Authorities', [caShow(shell)]),
    newGroup('audit', 'The issuance log', [auditList(shell), auditShow(shell), auditVerify(shell)]),
    newGroup('api', 'As a workload, through the agent', [fetch]),
    healthcheck(shell, 'healthcheck'),
    version(shell),
  ];
  for (const each of commands) command.addCommand(each);
  listen(command, io);
  return { command, shell };
}

/** Commands write to where they are told to, and throw instead of ending the process. */
function listen(command: Command, io: Io): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
    getOutHelpWidth: () => 100,
    getErrHelpWidth: () => 100,
  });
  command.showHelpAfterError(`do:    see ${pathOf(command)} --help`);
  for (const inner of command.commands) listen(inner, io);
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
