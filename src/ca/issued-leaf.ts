// The leaf of an issued certificate, written by construction: its members are in order and its values
// from alphabets that need no escape. Where a value has other characters the general encoder takes over;
// a property test holds both to the same bytes.
import { encodeEvent, type EventOf } from '../audit/event.ts';
import { maxLeafBytes } from '../audit/leaf.ts';

/** Printable ASCII without quotation mark and backslash: JSON writes these as they are (RFC 8785 3.2.2.2). */
const plain = /^[ !#-[\]-~]*$/;

/** @throws SignetError `leaf.too_long`, `canonical_json.*` */
export function encodeIssuedLeaf(event: EventOf<'x509.issued'>): Uint8Array {
  const { actor, attestor, ca, cert, entry, na, nb, node, profile, req } = event;
  const { serial, spiffe_id: spiffeId, spki, ts } = event;
  const text =
    `signet-log/v1\n{"actor":"${actor}"${optional('attestor', attestor)},"ca":"${ca}","cert":"${cert}"` +
    `${optional('entry', entry)},"na":${String(na)},"nb":${String(nb)}${optional('node', node)}` +
    `,"profile":"${profile}"${optional('req', req)},"serial":"${serial}","spiffe_id":"${spiffeId}"` +
    `,"spki":"${spki}","t":"x509.issued","ts":${String(ts)}}`;
  const values = `${actor}${attestor ?? ''}${ca}${cert}${entry ?? ''}${node ?? ''}${profile}${req ?? ''}${serial}${spiffeId}${spki}`;
  const isPlain =
    plain.test(values) &&
    Number.isSafeInteger(na) &&
    Number.isSafeInteger(nb) &&
    Number.isSafeInteger(ts) &&
    text.length <= maxLeafBytes;
  return isPlain ? Buffer.from(text, 'latin1') : encodeEvent(event);
}

function optional(member: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${member}":"${value}"`;
}
