// signet agent healthcheck: whether the agent answers on its socket.
import type { Command } from 'commander';
import { agentSockets, defaultAgentDataDir, runFolder } from '../../config/run-paths.ts';
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from '../../gen/grpc/health/v1/health_pb.js';
import { createClient } from '../../rpc/client.ts';
import { SignetError } from '../../runtime/errors.ts';
import { newCommand } from '../command.ts';
import type { Shell } from '../shell.ts';

const timeoutMs = 5000;

export function agentHealthcheck(shell: Shell): Command {
  return newCommand('healthcheck', 'Say whether the agent is ready', 'agent healthcheck')
    .option('--socket <path>', 'admin socket of the agent')
    .action(async ({ socket }: { readonly socket?: string }) => {
      const run = runFolder(defaultAgentDataDir, shell.io.uid);
      const path = socket ?? agentSockets(run).admin;
      const client = createClient(Health, { kind: 'unix', path });
      try {
        const { status } = await client.check({}, { signal: shell.io.signal, timeoutMs });
        if (status !== Status.SERVING) throw new SignetError('rest.not_ready');
        shell.print({ status: 'ready' }, () => 'ready\n');
      } finally {
        client.close();
      }
    });
}
