// Runs what was built, or the source where nothing was built.
import { existsSync } from 'node:fs';

const built = new URL('../dist/src/cli/main.js', import.meta.url);
const source = new URL('../src/cli/main.ts', import.meta.url);
await import((existsSync(built) ? built : source).href);
