// How far long work has come: a line that is written over on a terminal, a line every ten seconds
// elsewhere.
import type { Io } from './io.ts';

const onTerminalMs = 100;
const elsewhereMs = 10_000;

export class Progress {
  readonly #io: Io;
  #toldAtMs: number;
  #isShown = false;

  constructor(io: Io) {
    this.#io = io;
    this.#toldAtMs = io.clock.monotonicMs();
  }

  tell(text: string): void {
    const { stderr, clock } = this.#io;
    const now = clock.monotonicMs();
    if (now - this.#toldAtMs < (stderr.isTerminal ? onTerminalMs : elsewhereMs)) return;
    this.#toldAtMs = now;
    this.#isShown = true;
    stderr.write(stderr.isTerminal ? `\r\u001B[K${text}` : `${text}\n`);
  }

  /** Takes the line away again. */
  end(): void {
    if (this.#isShown && this.#io.stderr.isTerminal) this.#io.stderr.write('\r\u001B[K');
  }
}
