// Runs the command line in the test's process.
import type { Io } from '../../src/cli/io.ts';
import { run } from '../../src/cli/run.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { manualClock } from './manual-clock.ts';

export interface CliOptions {
  readonly address?: string;
  readonly clock?: Clock;
  readonly isTerminal?: boolean;
  /** What the person at the terminal answers; nobody is there without it. */
  readonly answer?: string;
}

export async function runCli(
  argv: readonly string[],
  { address, clock = manualClock(), isTerminal = false, answer }: CliOptions = {},
) {
  let [stdout, stderr] = ['', ''];
  const io: Io = {
    stdout: { write: (text) => void (stdout += text), isTerminal },
    stderr: { write: (text) => void (stderr += text), isTerminal },
    env: address === undefined ? {} : { SIGNET_ADDRESS: address },
    clock,
    uid: 1000,
    ask: answer === undefined ? undefined : async () => answer,
    signal: new AbortController().signal,
  };
  const code = await run(argv, io);
  return { code, stdout, stderr };
}
