import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { noteSigner } from '../../../src/audit/note-key.ts';
import { verifyLog } from '../../../src/audit/verify.ts';
import { openLogSource } from '../../../src/store/sqlite/log-source.ts';
import { logPrivateKey } from '../../vectors/audit.ts';
import { authority } from '../authority-fixture.ts';
import { admin, authorityId, databaseFile, logOrigin } from '../builders.ts';
import { openFixture } from './log-fixture.ts';

const child = fileURLToPath(new URL('./crash-child.ts', import.meta.url));
const pem = String(logPrivateKey.export({ type: 'pkcs8', format: 'pem' }));
const { key } = noteSigner(logOrigin, logPrivateKey);

/** Runs a writer until it dies of the failpoint, or is killed once it has acknowledged `enough`. */
async function writeUntilKilled(file: string, first: number, failpoint: string, enough = Infinity) {
  const args = [child, file, pem, logOrigin, authorityId, String(first)];
  const env = { ...process.env, SIGNET_FAILPOINT: failpoint };
  const writer = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  writer.stderr.on('data', (text: Buffer) => {
    errors += text.toString();
  });
  writer.stdout.on('data', (text: Buffer) => {
    output += text.toString();
    if (output.split('\n').length > enough) writer.kill('SIGKILL');
  });
  await once(writer, 'close');
  expect({ signal: writer.signalCode, errors }).toEqual({ signal: 'SIGKILL', errors: '' });
  // A line that was cut short was not acknowledged.
  return output.split('\n').slice(0, -1);
}

/** Opens the file as the next start would, and checks it from end to end. */
async function recover(file: string, acknowledged: readonly string[]): Promise<number> {
  const store = await openFixture(file);
  for (const serial of acknowledged) {
    expect((await store.log.bySerial(serial))?.data).toContain(`"serial":"${serial}"`);
  }
  const size = await store.log.size();
  await store.close();
  using source = openLogSource(file);
  expect([...verifyLog(source, key)]).toEqual([]);
  return size;
}

async function prepared(): Promise<string> {
  const file = databaseFile();
  const store = await openFixture(file);
  await store.ledger.commit('authority.create', authority(), admin);
  await store.close();
  return file;
}

describe('a process that is killed', () => {
  it('at any moment keeps every leaf that it acknowledged', async () => {
    const file = await prepared();
    const acknowledged: string[] = [];
    for (const [round, enough] of [
      [1, 1],
      [2, 200],
      [3, 700],
    ] as const) {
      acknowledged.push(...(await writeUntilKilled(file, round, '', enough)));
      expect(await recover(file, acknowledged)).toBeGreaterThanOrEqual(acknowledged.length + 4);
    }
    expect(acknowledged.length).toBeGreaterThan(900);
  }, 60_000);

  it.each(['ledger.after-insert', 'ledger.before-commit'])(
    'at %s leaves nothing of the batch',
    async (failpoint) => {
      const file = await prepared();
      expect(await writeUntilKilled(file, 1, failpoint)).toEqual([]);
      expect(await recover(file, [])).toBe(4);
    },
    60_000,
  );

  it('at ledger.after-commit keeps the whole batch, though nobody was told', async () => {
    const file = await prepared();
    expect(await writeUntilKilled(file, 1, 'ledger.after-commit')).toEqual([]);
    const size = await recover(file, []);
    expect([11, 18, 25]).toContain(size);
  }, 60_000);
});
