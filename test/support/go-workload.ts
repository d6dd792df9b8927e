// Our Workload API on a Unix socket, and the workload in Go that calls it.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildGo } from './go.ts';

export interface GoState {
  readonly svids?: readonly {
    readonly id: string;
    readonly hint: string;
    readonly serial: string;
  }[];
  readonly bundles?: readonly string[];
  /** Of the failure it ended with. */
  readonly code?: string;
  readonly error?: string;
}

export type GoCommand = 'bundles' | 'fetch' | 'watch';

let binary: Promise<string> | undefined;

/** One run of the workload. It ends with the test. */
export class GoWorkload implements Disposable {
  readonly #child: ChildProcess;
  readonly #states: AsyncIterator<string>;

  private constructor(child: ChildProcess, states: AsyncIterator<string>) {
    this.#child = child;
    this.#states = states;
  }

  static async start(command: GoCommand, socket: string, states = 1): Promise<GoWorkload> {
    binary ??= buildGo(fileURLToPath(new URL('../clients/go', import.meta.url)));
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const child = spawn(await binary, [command, socket, String(states)], { stdio: [...stdio] });
    if (child.stdout === null) throw new Error('no output');
    const lines = createInterface({ input: child.stdout });
    return new GoWorkload(child, lines[Symbol.asyncIterator]());
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** The next state it is told of. */
  async next(): Promise<GoState> {
    const line = await this.#states.next();
    if (line.done === true) throw new Error('the workload ended');
    return JSON.parse(line.value) as GoState;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}
