// What every command gets: the outside, the options that all of them know, and ways to answer.
import { stringify } from 'yaml';
import { SignetError } from '../runtime/errors.ts';
import { defaultAddress, parseServerAddress } from './address.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import type { Io } from './io.ts';
import { RestClient } from './rest-client.ts';
import { type Style, styleFor } from './style.ts';

export type Format = 'json' | 'table' | 'yaml';

export interface GlobalOptions {
  readonly address?: string;
  readonly output: Format;
}

export class Shell {
  readonly io: Io;
  readonly style: Style;
  /** Of the process, unless the command fails. */
  exitCode: ExitCode = exitCode.done;
  readonly #options: () => GlobalOptions;

  constructor(io: Io, options: () => GlobalOptions) {
    this.io = io;
    this.style = styleFor(io.stdout, io);
    this.#options = options;
  }

  /** A client of the server that was named, or of the one on this machine. */
  client(): RestClient {
    const { env, uid, signal } = this.io;
    const named = this.#options().address ?? env['SIGNET_ADDRESS'];
    return new RestClient(parseServerAddress(named ?? defaultAddress(uid)), signal);
  }

  get nowMs(): number {
    return this.io.clock.unixMs();
  }

  /** Prints data in the format asked for; a table is made only if that is it. */
  print(data: unknown, table: () => string): void {
    const { output } = this.#options();
    if (output === 'json') this.io.stdout.write(`${JSON.stringify(data, undefined, 2)}\n`);
    else if (output === 'yaml') this.io.stdout.write(stringify(data));
    else this.io.stdout.write(table());
  }

  /** Says what a write has changed: `entry 5e0c... created (log #41)`. */
  printChange(change: string, data: unknown, logIndex: number | undefined): void {
    const place = logIndex === undefined ? '' : ` ${this.style.dim(`(log #${logIndex})`)}`;
    this.print({ ...asObject(data), logIndex }, () => `${change}${place}\n`);
  }

  /** A remark that is not part of the answer. */
  note(text: string): void {
    this.io.stderr.write(`${text}\n`);
  }

  /**
   * Shows what something dangerous would hit, and asks.
   *
   * @throws SignetError `cli.not_confirmed`
   */
  async confirm(consequences: string, isConfirmed: boolean): Promise<void> {
    this.note(consequences);
    if (isConfirmed) return;
    const answer = await this.io.ask?.('continue? [y/N] ');
    if (answer?.trim().toLowerCase() !== 'y') throw new SignetError('cli.not_confirmed');
  }
}

function asObject(data: unknown): object {
  return typeof data === 'object' && data !== null ? data : {};
}
