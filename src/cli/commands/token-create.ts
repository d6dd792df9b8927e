// signet token create
import type { Command } from 'commander';
import { joinTokenSchema } from '../../api/rest/wire/agent.ts';
import { newCommand, seconds } from '../command.ts';
import { relativeTime } from '../relative-time.ts';
import type { Shell } from '../shell.ts';

interface Options {
  readonly ttl: number;
  readonly agentId?: string;
}

export function tokenCreate(shell: Shell): Command {
  return newCommand(
    'create',
    'Make a join token, which attests one agent once',
    'token create --ttl 10m',
  )
    .option('--ttl <duration>', 'how long it is good for', seconds, 600)
    .option('--agent-id <id>', 'a further SPIFFE ID for the agent that uses it')
    .action(async ({ ttl: ttlSeconds, agentId }: Options) => {
      const body = { ttlSeconds, agentId };
      const call = { method: 'POST', path: '/v1/join-tokens', body } as const;
      const { value, logIndex } = await shell.client().call(joinTokenSchema, call);
      // The token alone is on standard output, so that it can be piped into a file.
      shell.print({ ...value, logIndex }, () => `${value.token}\n`);
      const expires = relativeTime(value.expiresAt, shell.nowMs);
      shell.note(`join token created, expires ${expires} (log #${logIndex ?? '?'})`);
    });
}
