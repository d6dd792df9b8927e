// Runs one command line.
import { CommanderError } from 'commander';
import { exitCode, type ExitCode, exitCodeOf } from './exit-code.ts';
import { describeFailure } from './failure.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';
import { SignetError } from '../runtime/errors.ts';
import { styleFor } from './style.ts';

/** What is no failure: help and version were asked for. */
const askedFor = ['commander.helpDisplayed', 'commander.version'];

/**
 * @param argv without the names of interpreter and program
 * @returns the exit code of the process; whatever fails has been told on `io.stderr`
 */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  const { command, shell } = buildProgram(io);
  try {
    await command.parseAsync(argv, { from: 'user' });
    return shell.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      return askedFor.includes(error.code) ? exitCode.done : exitCode.usage;
    }
    io.stderr.write(describeFailure(error, styleFor(io.stderr, io)));
    return exitCodeOf(SignetError.from(error).code);
  }
}
