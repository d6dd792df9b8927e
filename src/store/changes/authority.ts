// Changes of authorities. Whatever adds a root to the bundle or takes one out raises the sequence and
// leaves `bundle.changed` in the same transaction.
import { createHash, X509Certificate } from 'node:crypto';
import type { EventBody, EventOf } from '../../audit/event.ts';
import type { Authority, AuthorityState } from '../../ca/authority.ts';
import type { AuthorityChanges } from '../../ca/changes.ts';
import { SignetError } from '../../runtime/errors.ts';
import { authorityOf, type AuthorityRow, type BundleRow, isInBundle } from '../authority-rows.ts';
import type { Sql } from '../sql.ts';
import { type Appliers, leafOf } from './change.ts';

type MovedKind = EventOf<'authority.activate'>['t'];

/** From which states each can be reached, and the event that records it. */
const transitions: Readonly<
  Record<AuthorityState, { from: readonly AuthorityState[]; event: MovedKind }>
> = {
  prepared: { from: [], event: 'authority.prepare' },
  active: { from: ['prepared'], event: 'authority.activate' },
  retiring: { from: ['active'], event: 'authority.retire' },
  retired: { from: ['retiring'], event: 'authority.retire' },
  tainted: { from: ['prepared', 'active', 'retiring', 'retired'], event: 'authority.taint' },
  revoked: { from: ['tainted'], event: 'authority.revoke' },
};

export const authorityChanges: Appliers<AuthorityChanges> = {
  async 'authority.intent'(_sql, { authorityId, parentId, tbsHash, role }, context) {
    const event = { t: 'ca.cert.intent', ca: parentId, target: authorityId, role } as const;
    return { result: null, leaves: [leafOf({ ...event, tbs: tbsHash }, context)] };
  },

  async 'authority.create'(sql, authority, context) {
    const { id, parentId } = authority;
    if (authority.state !== 'prepared' && authority.state !== 'active') {
      throw new SignetError('authority.transition');
    }
    if ((await find(sql, id)) !== undefined) throw new SignetError('authority.exists');
    if (parentId !== id && (await find(sql, parentId)) === undefined) {
      throw new SignetError('authority.parent');
    }
    await sql<AuthorityRow>('authority').insert({
      id,
      role: authority.role,
      state: authority.state,
      parent_id: parentId,
      certificate: Buffer.from(authority.certificate),
      not_before: authority.notBefore,
      not_after: authority.notAfter,
      created_at: authority.createdAt,
    });
    const events = [issuedEvent(authority), movedEvent(authority)];
    if (isInBundle(authority)) events.push(await changeBundle(sql, authority, 'added'));
    return { result: authority, leaves: events.map((event) => leafOf(event, context)) };
  },

  async 'authority.transition'(sql, { id, to }, context) {
    const before = await find(sql, id);
    if (before === undefined) throw new SignetError('authority.not_found');
    const after: Authority = { ...before, state: to };
    // A root that left the bundle must not come back to it.
    const returns = !isInBundle(before) && isInBundle(after);
    if (returns || !transitions[to].from.includes(before.state)) {
      throw new SignetError('authority.transition', { details: { from: before.state, to } });
    }
    await sql<AuthorityRow>('authority').where({ id }).update({ state: to });
    const events = [movedEvent(after)];
    if (isInBundle(before) && !isInBundle(after)) {
      events.push(await changeBundle(sql, after, 'removed'));
    }
    return { result: after, leaves: events.map((event) => leafOf(event, context)) };
  },
};

async function find(sql: Sql, id: string): Promise<Authority | undefined> {
  const row = await sql<AuthorityRow>('authority').where({ id }).first();
  return row === undefined ? undefined : authorityOf(row);
}

function issuedEvent(authority: Authority): EventBody {
  const certificate = new X509Certificate(authority.certificate);
  const serial = certificate.serialNumber.toLowerCase();
  return {
    t: 'ca.cert.issued',
    ca: authority.parentId,
    target: authority.id,
    role: authority.role,
    serial: serial.length % 2 === 0 ? serial : `0${serial}`,
    nb: authority.notBefore,
    na: authority.notAfter,
    spki: sha256(certificate.publicKey.export({ type: 'spki', format: 'der' })),
    cert: sha256(authority.certificate),
  };
}

function movedEvent({ id, role, state }: Authority): EventBody {
  return { t: transitions[state].event, target: id, role, state };
}

async function changeBundle(
  sql: Sql,
  { id, certificate }: Authority,
  change: 'added' | 'removed',
): Promise<EventBody> {
  const row = await sql<BundleRow>('bundle').where({ id: 1 }).first();
  const sequence = Number(row?.sequence ?? 0) + 1;
  if (row === undefined) await sql<BundleRow>('bundle').insert({ id: 1, sequence });
  else await sql<BundleRow>('bundle').where({ id: 1 }).update({ sequence });
  return { t: 'bundle.changed', sequence, change, target: id, cert: sha256(certificate) };
}

function sha256(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64url');
}
