// signet audit verify: checks a whole log offline, straight from its database file.
import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { decodeLeaf } from '../../audit/columns.ts';
import type { Finding } from '../../audit/finding.ts';
import type { LogSource } from '../../audit/log-source.ts';
import { type NoteKey, parseNoteKey } from '../../audit/note-key.ts';
import { verifyLog } from '../../audit/verify.ts';
import { databaseFile, defaultServerDataDir } from '../../config/run-paths.ts';
import { SignetError } from '../../runtime/errors.ts';
import { collect, newCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { Progress } from '../progress.ts';
import type { Shell } from '../shell.ts';

interface Options {
  readonly db: string;
  readonly key?: string;
  readonly checkpoint?: readonly string[];
}

/** More findings than these are counted and not told one by one. */
const toldAtMost = 1000;

export function auditVerify(shell: Shell): Command {
  return newCommand(
    'verify',
    'Check the whole log offline: every hash, checkpoint, serial and authority',
    'audit verify --db /var/lib/signet/signet.db --checkpoint kept-elsewhere.txt',
  )
    .addOption(
      new Option('--db <file>', 'database of a server, or a copy of it').default(
        databaseFile(defaultServerDataDir),
      ),
    )
    .option('--key <key>', 'of the log, name+id+key; without it the log is believed about its key')
    .option('--checkpoint <file>', 'one that was kept elsewhere (repeatable)', collect)
    .action((options: Options) => verify(shell, options));
}

async function verify(shell: Shell, { db, key, checkpoint = [] }: Options): Promise<void> {
  const saved = await Promise.all(checkpoint.map(readNote));
  using source = await openSource(db);
  const noteKey = key === undefined ? keyOf(source, db) : parseNoteKey(key);
  const progress = new Progress(shell.io);
  const findings: Finding[] = [];
  let count = 0;
  const onProgress = (done: number, size: number): void => {
    shell.io.signal.throwIfAborted();
    progress.tell(`verified ${done} of ${size} entries, ${count} findings`);
  };
  for (const finding of verifyLog(source, noteKey, { saved, onProgress })) {
    count += 1;
    if (findings.length < toldAtMost) findings.push(finding);
  }
  progress.end();
  const size = source.head()?.size ?? 0;
  if (count > 0) shell.exitCode = exitCode.findings;
  const data = { origin: noteKey.name, entries: size, findings: count, listed: findings };
  shell.print(data, () => reportOf(noteKey, size, count, findings));
  if (key === undefined) {
    shell.note(
      'the key was taken from the log itself: give --key to check that it is the right log',
    );
  }
}

function reportOf(
  { name }: NoteKey,
  size: number,
  count: number,
  told: readonly Finding[],
): string {
  const lines = told.map(
    ({ problem, at, what }) => `${problem} at ${at}${what === undefined ? '' : ` (${what})`}`,
  );
  if (count > told.length) lines.push(`and ${count - told.length} more`);
  lines.push(
    count === 0
      ? `${name}: ${size} entries verified, nothing found`
      : `${name}: ${count} findings in ${size} entries: keep this database as evidence`,
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** Loaded when it is needed, for it brings the database driver with it. */
async function openSource(file: string): Promise<LogSource & Disposable> {
  const { openLogSource } = await import('../../store/sqlite/log-source.ts');
  try {
    return openLogSource(file);
  } catch (cause) {
    throw new SignetError('cli.file', { details: { file }, cause });
  }
}

/** The key that the first entry of the log names. @throws SignetError `cli.file`, `note.key` */
function keyOf(source: LogSource, file: string): NoteKey {
  for (const { data } of source.entries()) {
    const key = data === null ? undefined : decodeLeaf(data)['key'];
    if (typeof key === 'string') return parseNoteKey(key);
    break;
  }
  throw new SignetError('cli.no_log_key', { details: { file } });
}

async function readNote(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new SignetError('cli.file', { details: { file }, cause });
  }
}
