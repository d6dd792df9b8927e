// A sidecar played by a small program of ours, where Envoy cannot be had.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { programAs, type Sidecar, type SidecarPlan, statusOf } from './sidecar.ts';
import type { StandInMessage, StandInOptions } from './stand-in.ts';

const script = fileURLToPath(new URL(`./stand-in${extname(import.meta.url)}`, import.meta.url));

export async function startStandIn(
  folder: string,
  { name, sdsSocket, clients, peer }: SidecarPlan,
): Promise<Sidecar> {
  const program = await programAs(process.execPath, folder, name);
  const options: StandInOptions = { sdsSocket, allowed: clients, ...(peer ? { peer } : {}) };
  const child = spawn(program, [script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let serial = '';
  const ports = Promise.withResolvers<{ inbound: number; outbound: number }>();
  child.once('exit', () => ports.reject(new Error('the stand-in ended')));
  createInterface({ input: child.stdout }).on('line', (line) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by stand-in.ts
    const message = JSON.parse(line) as StandInMessage;
    if ('serial' in message) serial = message.serial;
    else ports.resolve(message);
  });
  const { inbound, outbound } = await ports.promise;
  return {
    inbound,
    request: () => statusOf(outbound),
    serial: async () => serial,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}
