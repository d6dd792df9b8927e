// What a command has to do with the outside. Commands take it as an argument, so that tests run them in
// the same process.
import { createInterface } from 'node:readline/promises';
import process from 'node:process';
import { type Clock, systemClock } from '../runtime/clock.ts';

export interface Output {
  write(text: string): void;
  /** Whether somebody looks at it: colours and progress are for them only. */
  readonly isTerminal: boolean;
}

export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly uid: number | undefined;
  /** Asks the person at the terminal; undefined if there is none. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** Aborts when the command shall end. */
  readonly signal: AbortSignal;
}

/** That of this process. */
export function processIo(signal: AbortSignal): Io {
  const { stdin, stdout, stderr, env } = process;
  return {
    stdout: { write: (text) => void stdout.write(text), isTerminal: stdout.isTTY },
    stderr: { write: (text) => void stderr.write(text), isTerminal: stderr.isTTY },
    env,
    clock: systemClock,
    uid: process.getuid?.(),
    ask: stdin.isTTY && stderr.isTTY ? (question) => askOnTerminal(question, signal) : undefined,
    signal,
  };
}

async function askOnTerminal(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question, { signal });
  } finally {
    lines.close();
  }
}
