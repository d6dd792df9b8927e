// A real full disk: a small file system in memory, where the machine lets us mount one.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { noteSigner } from '../../../src/audit/note-key.ts';
import { verifyLog } from '../../../src/audit/verify.ts';
import { openLogSource } from '../../../src/store/sqlite/log-source.ts';
import { logPrivateKey } from '../../vectors/audit.ts';
import { authority } from '../authority-fixture.ts';
import { admin, issued, logOrigin, reasonFrom, serialsFrom } from '../builders.ts';
import { openFixture } from './log-fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'signet-small-'));
const isMounted = mount();

function mount(): boolean {
  try {
    const options = ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', directory];
    execFileSync('mount', options, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

afterAll(() => {
  if (isMounted) execFileSync('umount', [directory]);
  rmSync(directory, { recursive: true });
});

describe.skipIf(!isMounted)('a full disk', () => {
  it('fails closed, and service resumes by itself when there is space again', async () => {
    const { key } = noteSigner(logOrigin, logPrivateKey);
    const [file, ballast] = [join(directory, 'signet.db'), join(directory, 'ballast')];
    writeFileSync(ballast, Buffer.alloc(1_500_000));
    const store = await openFixture(file);
    await store.ledger.commit('authority.create', authority(), admin);
    let [next, reason]: [number, string | undefined] = [0, undefined];
    for (; reason === undefined; next += 1) {
      reason = await reasonFrom(store.ledger.append(issued(...serialsFrom(next * 100, 100))));
    }
    expect(reason).toBe('store.unavailable');
    const acknowledged = 4 + (next - 1) * 100;
    expect(await store.log.size()).toBe(acknowledged);
    rmSync(ballast);
    expect((await store.ledger.append(issued('ff'))).firstIndex).toBe(acknowledged);
    await store.close();
    using source = openLogSource(file);
    expect([...verifyLog(source, key)]).toEqual([]);
  });
});
