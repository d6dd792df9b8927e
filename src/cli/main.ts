// The `signet` command as a process: bin/signet.js starts it.
import process from 'node:process';
import { processIo } from './io.ts';
import { run } from './run.ts';

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // The second one ends the process at once, as if it were not handled.
  process.once(signal, () => stopping.abort());
}
process.exitCode = await run(process.argv.slice(2), processIo(stopping.signal));
