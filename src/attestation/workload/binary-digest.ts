// The SHA-256 of the program a process runs, hashed once for as long as the file stays as it is.
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { SignetError } from '../../runtime/errors.ts';
import { executableOf, readProc } from './proc.ts';

/** Lower-case hex of what is in the file. @throws SignetError `workload.binary_too_large` */
export type HashFile = (file: FileHandle, maxBytes: number) => Promise<string>;

export class BinaryDigests {
  readonly #digests = new Map<string, string>();
  readonly #capacity: number;
  readonly #hash: HashFile;

  /** Remembers `capacity` programs; the one not asked for longest is forgotten. */
  constructor(capacity = 256, hash: HashFile = hashFile) {
    this.#capacity = capacity;
    this.#hash = hash;
  }

  /**
   * Lower-case hex. Read through /proc/PID/exe, so it is the very file that runs, wherever its path
   * leads by now.
   *
   * @throws SignetError `workload.binary_too_large`, `workload.exited`, `workload.unreadable`
   */
  async of(pid: number, maxBytes: number): Promise<string> {
    return await readProc(async () => {
      await using file = await open(executableOf(pid));
      const stat = await file.stat({ bigint: true });
      if (stat.size > maxBytes) throw new SignetError('workload.binary_too_large');
      // The change time too: a program that can write the file can set its modification time back.
      const key = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
      const digest = this.#digests.get(key) ?? (await this.#hash(file, maxBytes));
      this.#remember(key, digest);
      return digest;
    });
  }

  #remember(key: string, digest: string): void {
    this.#digests.delete(key);
    this.#digests.set(key, digest);
    const [oldest] = this.#digests.keys();
    if (this.#digests.size > this.#capacity && oldest !== undefined) this.#digests.delete(oldest);
  }
}

/** The usual HashFile: SHA-256, read no further than the limit. */
export async function hashFile(file: FileHandle, maxBytes: number): Promise<string> {
  const digest = createHash('sha256');
  let bytes = 0;
  for await (const chunk of file.createReadStream({ autoClose: false, start: 0 })) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a stream without encoding
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes > maxBytes) throw new SignetError('workload.binary_too_large');
    digest.update(part);
  }
  return digest.digest('hex');
}
