// signet api fetch x509: asks the agent on this machine, as any workload would.
import { join } from 'node:path';
import type { Command } from 'commander';
import { agentSockets, defaultAgentDataDir, runFolder } from '../../config/run-paths.ts';
import { SpiffeWorkloadAPI, type X509SVID } from '../../gen/workload_pb.js';
import { parseCertificate } from '../../pki/certificate.ts';
import { DerReader, tag } from '../../pki/der-reader.ts';
import { encodePem } from '../../pki/pem.ts';
import { createClient } from '../../rpc/client.ts';
import { SignetError } from '../../runtime/errors.ts';
import { newCommand } from '../command.ts';
import { relativeTime } from '../relative-time.ts';
import { type SvidFiles, writeSvidFiles } from '../secret-files.ts';
import type { Shell } from '../shell.ts';
import { renderTable } from '../table.ts';

interface Options {
  readonly socket?: string;
  readonly write?: string;
}

interface FetchedSvid {
  readonly spiffeId: string;
  readonly hint: string;
  readonly serial: string;
  readonly notAfter: string;
  readonly files: SvidFiles;
}

const timeoutMs = 10_000;
/** SPIFFE Workload API 2: whoever does not send it is refused. */
const headers = { 'workload.spiffe.io': 'true' };

export function apiFetchX509(shell: Shell): Command {
  return newCommand(
    'x509',
    'Fetch the X.509-SVIDs that the agent has for this process',
    'api fetch x509 --write ./svid',
  )
    .option('--socket <path>', 'of the agent; else SPIFFE_ENDPOINT_SOCKET, else the usual one')
    .option('--write <folder>', 'write keys, SVIDs and bundles there')
    .action(async ({ socket, write }: Options) => {
      const svids = await fetchSvids(shell, socketPath(shell, socket));
      const written: string[] = [];
      if (write !== undefined) {
        for (const [at, { files }] of svids.entries()) {
          written.push(...(await writeSvidFiles(write, at, files)));
        }
      }
      // Keys are shown to nobody who did not ask for them.
      const data = svids.map(({ files: { svid, bundle }, ...rest }) => ({ ...rest, svid, bundle }));
      shell.print(data, () => tableOf(svids, shell.nowMs) + written.map((p) => `${p}\n`).join(''));
    });
}

async function fetchSvids(shell: Shell, path: string): Promise<FetchedSvid[]> {
  const client = createClient(SpiffeWorkloadAPI, { kind: 'unix', path });
  try {
    const { signal } = shell.io;
    const answers = client.fetchX509SVID({}, { signal, timeoutMs, headers });
    for await (const { svids } of answers) return svids.map(readSvid);
  } finally {
    client.close();
  }
  throw new SignetError('cli.no_answer');
}

function readSvid({ spiffeId, hint, x509Svid, x509SvidKey, bundle }: X509SVID): FetchedSvid {
  const chain = splitDer(x509Svid);
  const [leaf] = chain;
  if (leaf === undefined) throw new SignetError('cli.no_answer');
  const { serial, notAfter } = parseCertificate(leaf);
  return {
    spiffeId,
    hint,
    serial,
    notAfter: new Date(notAfter * 1000).toISOString(),
    files: {
      svid: pemOf(chain),
      key: encodePem('PRIVATE KEY', x509SvidKey),
      bundle: pemOf(splitDer(bundle)),
    },
  };
}

function splitDer(concatenated: Uint8Array): Buffer[] {
  const reader = new DerReader(concatenated);
  const parts: Buffer[] = [];
  while (!reader.done) parts.push(reader.read(tag.sequence).raw());
  return parts;
}

function pemOf(certificates: readonly Buffer[]): string {
  return certificates.map((der) => encodePem('CERTIFICATE', der)).join('');
}

function socketPath({ io }: Shell, given: string | undefined): string {
  const named = given ?? io.env['SPIFFE_ENDPOINT_SOCKET'];
  if (named !== undefined) return join(named.replace(/^unix:(\/\/)?/, ''));
  return agentSockets(runFolder(defaultAgentDataDir, io.uid)).api;
}

function tableOf(svids: readonly FetchedSvid[], nowMs: number): string {
  return renderTable<FetchedSvid>(
    [
      { title: 'SPIFFE ID', value: ({ spiffeId }) => spiffeId, elastic: true },
      { title: 'EXPIRES', value: ({ notAfter }) => relativeTime(notAfter, nowMs) },
      { title: 'SERIAL', value: ({ serial }) => serial },
      { title: 'HINT', value: ({ hint }) => hint, elastic: true },
    ],
    svids,
  );
}
