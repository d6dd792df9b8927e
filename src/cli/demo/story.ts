// How the demo tells what it does: numbered steps, what happened, and where in the log it is recorded.
import type { Output } from '../io.ts';

const titleWidth = 10;
const textWidth = 76;

export class Story {
  readonly #output: Output;
  #step = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  say(text: string): void {
    this.#output.write(`${text}\n`);
  }

  /** @param log indexes in the log, first and last */
  step(title: string, text: string, log?: readonly [number, number]): void {
    this.#step += 1;
    const [first, last] = log ?? [];
    const range = first === last ? `#${first}` : `#${first}-${last}`;
    const where = log === undefined ? '' : `log ${range}`;
    const line = `${String(this.#step).padStart(2)}  ${title.padEnd(titleWidth)}  ${text.padEnd(textWidth)}  ${where}`;
    this.say(line.trimEnd());
  }

  more(text: string): void {
    this.say(`${' '.repeat(titleWidth + 6)}${text}`);
  }
}
