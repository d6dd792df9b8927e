// What the demo needs of a sidecar, whichever program plays it. Each runs under a path of its own, so
// that the agent can tell them apart without different users.
import { copyFile, link } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';

export interface SidecarPlan {
  /** Also the name of its program. */
  readonly name: string;
  readonly sdsSocket: string;
  /** SPIFFE IDs that may call it. */
  readonly clients: readonly string[];
  /** Where its own requests go. */
  readonly peer?: { readonly port: number; readonly id: string };
}

export interface Sidecar extends AsyncDisposable {
  /** Where peers connect. */
  readonly inbound: number;
  /** Sends one request through it to its peer: the status it got, 0 for none at all. */
  request(): Promise<number>;
  /** Serial of the certificate it uses now, lower-case hex. */
  serial(): Promise<string>;
}

export type StartSidecar = (plan: SidecarPlan) => Promise<Sidecar>;

/** A second name for a program; a copy where links cannot be made. */
export async function programAs(program: string, folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await link(program, path).catch(() => copyFile(program, path));
  return path;
}

/** The status of a plain request on loopback; 0 if the connection broke. */
export function statusOf(port: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const request = get({ host: '127.0.0.1', port, agent: false, timeout: 5000 }, (response) => {
    response.resume().once('close', () => resolve(response.statusCode ?? 0));
  });
  request.once('error', () => resolve(0)).once('timeout', () => request.destroy());
  return promise;
}
