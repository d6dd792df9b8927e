// How commands are made: each has one sentence on its job, and an example.
import { Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../config/duration.ts';
import { SignetError } from '../runtime/errors.ts';

/** @param examples without the leading `signet` */
export function newCommand(name: string, summary: string, ...examples: readonly string[]): Command {
  const lines = examples.map((example) => `  $ signet ${example}`);
  return new Command(name)
    .description(summary)
    .summary(summary)
    .addHelpText(
      'after',
      ['', examples.length > 1 ? 'Examples:' : 'Example:', ...lines].join('\n'),
    );
}

/** A command that only holds others. */
export function newGroup(name: string, summary: string, commands: readonly Command[]): Command {
  const group = new Command(name).description(summary).summary(summary);
  for (const command of commands) group.addCommand(command);
  return group;
}

/** For options that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** A whole number from 0. */
export function count(text: string): number {
  if (!/^(0|[1-9][0-9]{0,14})$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
}

/** `15m` in seconds. */
export function seconds(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new InvalidArgumentError(`${SignetError.from(error).message}.`);
  }
}

/** How many items a list command asks for. */
export function limit(text: string): number {
  const items = count(text);
  if (items < 1 || items > 100_000) throw new InvalidArgumentError('It is 1 to 100000.');
  return items;
}
