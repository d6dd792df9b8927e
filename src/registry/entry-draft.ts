// What an administrator may state in an entry, whichever interface it came through (spire-api B1).
import { checkDnsNames } from '../pki/dns-name.ts';
import { SignetError } from '../runtime/errors.ts';
import { parseSelector } from '../spiffe/selector.ts';
import { parseSpiffeId, pathOf, type SpiffeId, trustDomainOf } from '../spiffe/spiffe-id.ts';
import { parseTrustDomain, type TrustDomain } from '../spiffe/trust-domain.ts';
import type { EntryDraft } from './entry.ts';

/** An entry as somebody states it, nothing of it checked yet. What is left out has its zero value. */
export interface EntryFields {
  readonly id?: string;
  readonly spiffeId: string;
  readonly parentId: string;
  /** Each `type:value`. */
  readonly selectors: readonly string[];
  readonly x509SvidTtlSeconds?: number;
  readonly jwtSvidTtlSeconds?: number;
  readonly federatesWith?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly admin?: boolean;
  readonly downstream?: boolean;
  readonly storeSvid?: boolean;
  readonly hint?: string;
  /** Unix seconds; 0 means never. */
  readonly expiresAt?: number;
}

const limits = { selectors: 100, selectorLength: 2048, federatesWith: 100, hint: 1024 } as const;
const idPattern = /^[A-Za-z0-9._-]{1,255}$/;
/** Where SPIRE, and so Signet, has the IDs of servers and agents. */
const reserved = /^\/spire(\/|$)/;

/**
 * Checks and normalises: selectors sorted and without duplicates.
 *
 * @throws SignetError `entry.*`, `spiffe_id.*`, `trust_domain.*`, `selector.*`, `names.*`
 */
export function parseEntryDraft(fields: EntryFields, trustDomain: TrustDomain): EntryDraft {
  const { id, hint = '', dnsNames = [], federatesWith = [], storeSvid = false } = fields;
  if (id !== undefined && !idPattern.test(id)) throw new SignetError('entry.id');
  if (Buffer.byteLength(hint) > limits.hint) throw new SignetError('entry.hint');
  if (federatesWith.length > limits.federatesWith) throw new SignetError('entry.federates_with');
  checkDnsNames(dnsNames);
  const selectors = parseSelectors(fields.selectors);
  if (storeSvid && new Set(selectors.map((text) => text.split(':', 1)[0])).size > 1) {
    throw new SignetError('entry.store_svid');
  }
  return {
    ...(id === undefined ? {} : { id }),
    spiffeId: parseWorkloadId(fields.spiffeId, trustDomain),
    parentId: parseOwnId(fields.parentId, trustDomain),
    selectors,
    x509SvidTtlSeconds: parseTtl(fields.x509SvidTtlSeconds),
    jwtSvidTtlSeconds: parseTtl(fields.jwtSvidTtlSeconds),
    federatesWith: [...new Set(federatesWith)].map(parseTrustDomain).toSorted(),
    dnsNames: [...dnsNames],
    admin: fields.admin ?? false,
    downstream: fields.downstream ?? false,
    storeSvid,
    hint,
    expiresAt: parseTime(fields.expiresAt),
  };
}

/**
 * An ID that an entry or a minted SVID may have: a path of its own, outside what is reserved.
 *
 * @throws SignetError `entry.trust_domain`, `entry.spiffe_id`, `spiffe_id.*`, `trust_domain.*`
 */
export function parseWorkloadId(text: string, trustDomain: TrustDomain): SpiffeId {
  const id = parseOwnId(text, trustDomain);
  if (pathOf(id) === '' || reserved.test(pathOf(id))) throw new SignetError('entry.spiffe_id');
  return id;
}

function parseOwnId(text: string, trustDomain: TrustDomain): SpiffeId {
  const id = parseSpiffeId(text);
  if (trustDomainOf(id) !== trustDomain) throw new SignetError('entry.trust_domain');
  return id;
}

function parseSelectors(texts: readonly string[]) {
  if (texts.length === 0 || texts.length > limits.selectors) {
    throw new SignetError('entry.selectors', { details: { limit: limits.selectors } });
  }
  if (texts.some((text) => Buffer.byteLength(text) > limits.selectorLength)) {
    throw new SignetError('entry.selector_length', { details: { limit: limits.selectorLength } });
  }
  return [...new Set(texts.map(parseSelector))].toSorted();
}

function parseTtl(seconds = 0): number {
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 2 ** 31 - 1) {
    throw new SignetError('entry.ttl');
  }
  return seconds;
}

function parseTime(seconds = 0): number {
  if (!Number.isSafeInteger(seconds) || seconds < 0) throw new SignetError('entry.expires_at');
  return seconds;
}
