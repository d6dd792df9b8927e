// The `signet` command as a process of its own, the way people start it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/signet.js', import.meta.url));

export class RunningCommand implements AsyncDisposable {
  readonly #child: ChildProcess;
  #printed = '';
  #complained = '';
  readonly #waiting = new Set<() => void>();

  constructor(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [bin, ...argv], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#printed += chunk.toString();
      this.#wake();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#complained += chunk.toString();
      this.#wake();
    });
    this.#child.once('exit', () => this.#wake());
  }

  /** What it wrote to standard output so far. */
  get printed(): string {
    return this.#printed;
  }

  /** What it wrote to standard error so far. */
  get complained(): string {
    return this.#complained;
  }

  /** Waits until it wrote something to either; fails if it ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#printed) ?? pattern.exec(this.#complained);
      if (found !== null) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`it ended: ${this.#complained}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Its exit code, or the signal that ended it. */
  async end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return exitCode ?? signalCode;
    const exited = once(this.#child, 'exit');
    if (signal !== undefined) this.#child.kill(signal);
    await exited;
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
