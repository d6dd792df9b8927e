// What `entry create` and `entry update` have in common.
import type { Command } from 'commander';
import { collect, seconds } from '../command.ts';
import type { EntryPatchJson } from '../../api/rest/wire/entry.ts';

export interface EntryOptions {
  readonly spiffeId?: string;
  readonly parentId?: string;
  readonly selector?: readonly string[];
  readonly x509SvidTtl?: number;
  readonly jwtSvidTtl?: number;
  readonly federatesWith?: readonly string[];
  readonly dnsName?: readonly string[];
  readonly admin?: boolean;
  readonly downstream?: boolean;
  readonly storeSvid?: boolean;
  readonly hint?: string;
  readonly expiresAt?: string;
}

export function addEntryOptions(command: Command): Command {
  return command
    .option('--selector <type:value>', 'all of them must be attested (repeatable)', collect)
    .option('--x509-svid-ttl <duration>', 'how long X.509-SVIDs are valid', seconds)
    .option('--jwt-svid-ttl <duration>', 'how long JWT-SVIDs are valid', seconds)
    .option('--dns-name <name>', 'DNS name of the workload (repeatable)', collect)
    .option('--federates-with <domain>', 'trust domain to give the bundle of (repeatable)', collect)
    .option('--admin', 'the workload may administer this server')
    .option('--downstream', 'the workload is a server below this one')
    .option('--store-svid', 'agents store the SVID instead of serving it')
    .option('--hint <text>', 'tells the workload what the SVID is for')
    .option('--expires-at <time>', 'RFC 3339; the entry ends then');
}

export function entryBody(options: EntryOptions): EntryPatchJson {
  const members = {
    spiffeId: options.spiffeId,
    parentId: options.parentId,
    selectors: copyOf(options.selector),
    x509SvidTtlSeconds: options.x509SvidTtl,
    jwtSvidTtlSeconds: options.jwtSvidTtl,
    federatesWith: copyOf(options.federatesWith),
    dnsNames: copyOf(options.dnsName),
    admin: options.admin,
    downstream: options.downstream,
    storeSvid: options.storeSvid,
    hint: options.hint,
    expiresAt: options.expiresAt,
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function copyOf(items: readonly string[] | undefined): string[] | undefined {
  return items === undefined ? undefined : [...items];
}
