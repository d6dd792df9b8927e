// The unix attestor: selectors of a local process by its user, groups and program, as SPIRE's attestor
// of that name gives them.
import { SignetError } from '../../runtime/errors.ts';
import { type Selector, selector } from '../../spiffe/selector.ts';
import type { PeerProcess } from '../../rpc/peer-process.ts';
import { BinaryDigests } from './binary-digest.ts';
import { type NameFiles, readNames, systemNameFiles } from './names.ts';
import { readProgramPath, readStatus } from './proc.ts';

export interface UnixAttestation {
  /** Adds `unix:path` and `unix:sha256`. */
  readonly discoverPath: boolean;
  /** A larger program fails attestation; 0 leaves out `unix:sha256`. */
  readonly maxBinaryBytes: number;
  readonly digests?: BinaryDigests;
  readonly nameFiles?: NameFiles;
}

const sharedDigests = new BinaryDigests();

/**
 * The `unix:*` selectors of a process. Nothing comes from the process itself, only from the kernel and
 * from files of this machine.
 *
 * @throws SignetError `workload.exited` if the process ended before all was read, so that nothing of
 *   another process that got its pid is ever returned; `workload.unreadable`, `workload.binary_too_large`
 */
export async function attestUnix(
  process: PeerProcess,
  options: UnixAttestation,
): Promise<Selector[]> {
  try {
    const found = await gather(process.pid, options);
    if (!process.isAlive()) throw new SignetError('workload.exited');
    return found.map(([name, value]) => selector('unix', `${name}:${value}`));
  } catch (error) {
    // Whatever went wrong with the process of that pid, it may have been another process.
    if (process.isAlive()) throw error;
    throw new SignetError('workload.exited', { cause: error });
  }
}

type Found = readonly [name: string, value: string | number];

async function gather(pid: number, options: UnixAttestation): Promise<Found[]> {
  const { passwd, group } = options.nameFiles ?? systemNameFiles;
  const [{ uid, gid, supplementaryGids }, users, groups] = await Promise.all([
    readStatus(pid),
    readNames(passwd),
    readNames(group),
  ]);
  return [
    ...numbered(['uid', 'user'], uid, users),
    ...numbered(['gid', 'group'], gid, groups),
    ...supplementaryGids.flatMap((id) =>
      numbered(['supplementary_gid', 'supplementary_group'], id, groups),
    ),
    ...(options.discoverPath ? await program(pid, options) : []),
  ];
}

/** A selector by number, and one by name if the number has one. */
function numbered(
  [byNumber, byName]: readonly [string, string],
  id: number,
  names: ReadonlyMap<number, string>,
): Found[] {
  const name = names.get(id);
  return name === undefined
    ? [[byNumber, id]]
    : [
        [byNumber, id],
        [byName, name],
      ];
}

async function program(
  pid: number,
  { maxBinaryBytes, digests = sharedDigests }: UnixAttestation,
): Promise<Found[]> {
  const path = await readProgramPath(pid);
  const digest = maxBinaryBytes > 0 ? await digests.of(pid, maxBinaryBytes) : undefined;
  return [
    ...(path === undefined ? [] : ([['path', path]] as const)),
    ...(digest === undefined ? [] : ([['sha256', digest]] as const)),
  ];
}
