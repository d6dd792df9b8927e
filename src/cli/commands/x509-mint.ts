// signet x509 mint
import type { Command } from 'commander';
import { mintedSchema } from '../../api/rest/wire/svid.ts';
import { createCsr } from '../../pki/csr.ts';
import { generateKeyPair, privateKeyDer } from '../../pki/key.ts';
import { encodePem } from '../../pki/pem.ts';
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts';
import { collect, newCommand, seconds } from '../command.ts';
import { relativeTime } from '../relative-time.ts';
import { writeSvidFiles } from '../secret-files.ts';
import type { Shell } from '../shell.ts';

interface Options {
  readonly spiffeId: string;
  readonly dnsName?: readonly string[];
  readonly ttl?: number;
  readonly write?: string;
}

export function x509Mint(shell: Shell): Command {
  return newCommand(
    'mint',
    'Issue an X.509-SVID without any entry; its key is made here and never leaves',
    'x509 mint --spiffe-id spiffe://example.org/batch --ttl 10m --write ./batch',
  )
    .requiredOption('--spiffe-id <id>', 'of this trust domain')
    .option('--dns-name <name>', 'DNS name to put in (repeatable)', collect)
    .option('--ttl <duration>', 'how long it is valid', seconds)
    .option('--write <folder>', 'write key, SVID and bundle there instead of printing them')
    .action(async ({ spiffeId, dnsName = [], ttl, write }: Options) => {
      const { privateKey } = generateKeyPair();
      const csr = createCsr({ privateKey, uris: [parseSpiffeId(spiffeId)] });
      const { value, logIndex } = await shell.client().call(mintedSchema, {
        method: 'POST',
        path: '/v1/svids:mint',
        body: { spiffeId, csr: csr.toString('base64url'), dnsNames: dnsName, ttlSeconds: ttl },
      });
      const files = {
        svid: pemOf(value.chain),
        key: encodePem('PRIVATE KEY', privateKeyDer(privateKey)),
        bundle: pemOf(value.bundle),
      };
      const told = `SVID ${value.serial} for ${value.spiffeId} issued, expires ${relativeTime(value.notAfter, shell.nowMs)}`;
      if (write === undefined) {
        const data = { ...value, privateKey: files.key, logIndex };
        shell.print(data, () => files.svid + files.key + files.bundle);
        shell.note(`${told} (log #${logIndex ?? '?'})`);
      } else {
        const written = await writeSvidFiles(write, 0, files);
        shell.printChange(
          [told, ...written.map((path) => `  ${path}`)].join('\n'),
          { ...value, files: written },
          logIndex,
        );
      }
    });
}

function pemOf(certificates: readonly string[]): string {
  return certificates
    .map((der) => encodePem('CERTIFICATE', Buffer.from(der, 'base64url')))
    .join('');
}
