// Which denials were told already: a sidecar that is denied a secret comes back for ever, and must not
// fill the audit log by that (envoy-sds 3.9).
import { Lru } from './lru.ts';

const mostProcesses = 4096;
/** A process that asks for one name after the other is told of this often. */
const mostNames = 32;

export class Denials {
  readonly #byProcess = new Lru<string, ReadonlySet<string>>(mostProcesses);

  /** Whether this denial is one to tell; it is not the next time. */
  isNews({ uid, pid }: { readonly uid: number; readonly pid: number }, name: string): boolean {
    const key = `${uid} ${pid}`;
    const names = this.#byProcess.get(key) ?? new Set();
    if (names.has(name) || names.size >= mostNames) return false;
    this.#byProcess.set(key, new Set([...names, name]));
    return true;
  }
}
