// A log with tiles of two levels, of which the upper one is open again.
import { expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/audit/checkpoint.ts';
import { leafHash } from '../../../src/audit/merkle.ts';
import { noteSigner } from '../../../src/audit/note-key.ts';
import { extendsTree, includes } from '../../../src/audit/proof.ts';
import { verifyLog } from '../../../src/audit/verify.ts';
import { openLogSource } from '../../../src/store/sqlite/log-source.ts';
import { logPrivateKey } from '../../vectors/audit.ts';
import { authority } from '../authority-fixture.ts';
import { admin, databaseFile, issued, logOrigin, serialsFrom } from '../builders.ts';
import { tamper } from './damage.ts';
import { openFixture } from './log-fixture.ts';

const { key } = noteSigner(logOrigin, logPrivateKey);

function findings(file: string): string[] {
  using source = openLogSource(file);
  return [...verifyLog(source, key)].map(({ problem, at }) => `${problem} ${at}`);
}

it('a log of 68,000 entries opens, proves, goes on and verifies', async () => {
  const file = databaseFile();
  const first = await openFixture(file);
  await first.ledger.commit('authority.create', authority(), admin);
  for (let at = 0; at < 17; at += 1) {
    await first.ledger.append(issued(...serialsFrom(at * 4000, 4000)));
  }
  const before = openCheckpoint(await first.log.checkpoint(), key);
  await first.close();

  const second = await openFixture(file);
  const { ledger, log } = second;
  await ledger.append(issued(...serialsFrom(100_000, 300)));
  const after = openCheckpoint(await log.checkpoint(), key);
  expect([before.size, after.size]).toEqual([68_004, 68_304]);
  for (const index of [0, 65_535, 65_536, 67_999, 68_303]) {
    const data = (await log.entry(index))?.data ?? '';
    const proof = await log.inclusionProof(index);
    expect(includes(leafHash(Buffer.from(data)), proof, after.root)).toBe(true);
  }
  const proof = await log.consistencyProof(before.size, after.size);
  expect(extendsTree(proof, before.root, after.root)).toBe(true);
  await second.close();
  expect(findings(file)).toEqual([]);

  tamper(file, (database) => database.exec('DELETE FROM log_tile WHERE level = 1'));
  expect(findings(file)).toEqual(['tile.missing 0']);
}, 60_000);
