// Which content each sidecar refused, remembered over its reconnects: a real Envoy that is sent such
// content again accepts it without looking (envoy-sds 5a.2).
//
// A sidecar is told by user, process and the node id it claims. The process is in the key because two
// sidecars may well run under one node id, and because a process that starts afresh has refused nothing.
// A process id that is used again does no harm: whoever begins holding nothing is sent everything.
import { Lru } from './lru.ts';
import type { Sidecar } from './evidence.ts';
import type { Version } from './subscription.ts';

const mostSidecars = 4096;
const mostVersions = 64;

export class Refusals {
  readonly #bySidecar = new Lru<string, ReadonlySet<Version>>(mostSidecars);

  of(sidecar: Sidecar): ReadonlySet<Version> {
    return this.#bySidecar.get(keyOf(sidecar)) ?? new Set();
  }

  add(sidecar: Sidecar, version: Version): void {
    const versions = [...this.of(sidecar)].filter((known) => known !== version);
    this.#bySidecar.set(keyOf(sidecar), new Set([...versions, version].slice(-mostVersions)));
  }
}

function keyOf({ uid, pid, claimedNodeId }: Sidecar): string {
  return `${uid} ${pid} ${claimedNodeId}`;
}
