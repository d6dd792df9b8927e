// Builders with defaults for tests of the store.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { encodeEvent } from '../../src/audit/event.ts';
import type { Origin } from '../../src/audit/ledger.ts';
import { packLeaves, type PackedLeaves } from '../../src/audit/packed-leaves.ts';
import type { StoreChanges } from '../../src/store/store.ts';
import type { EntryDraft } from '../../src/registry/entry.ts';
import { SignetError } from '../../src/runtime/errors.ts';
import type { Reason } from '../../src/runtime/reasons.ts';
import { parseSelector } from '../../src/spiffe/selector.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';

export const admin: Origin = { actor: 'user:alice', requestId: 'r-1' };
export const logOrigin = 'signet.example/prod/issuance';
export const authorityId = 'a'.repeat(40);

/** Path of a database in a directory that goes when the test ends. */
export function databaseFile(): string {
  const directory = mkdtempSync(join(tmpdir(), 'signet-store-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'signet.db');
}

export const id = (path: string) => parseSpiffeId(`spiffe://prod.example/${path}`);
export const selectors = (...texts: string[]) => texts.map(parseSelector);

export function draft(changes: Partial<EntryDraft> = {}): EntryDraft {
  return {
    spiffeId: id('web'),
    parentId: id('node'),
    selectors: selectors('unix:uid:1000'),
    x509SvidTtlSeconds: 3600,
    jwtSvidTtlSeconds: 0,
    federatesWith: [],
    dnsNames: [],
    admin: false,
    downstream: false,
    storeSvid: false,
    hint: '',
    expiresAt: 0,
    ...changes,
  };
}

type Attest = StoreChanges['agent.attest']['input'];

export function attest(changes: Partial<Attest> = {}): Attest {
  return {
    id: id('agent/n1'),
    attestationType: 'join_token',
    selectors: [],
    canReattest: false,
    serial: '0a',
    expiresAt: 1_893_459_600,
    ...changes,
  };
}

/** The leaf of an issued certificate. */
export function issuedLeaf(serial: string, changes: object = {}): Uint8Array {
  return encodeEvent({
    t: 'x509.issued',
    ts: 1_893_456_000_000,
    actor: 'spiffe://prod.example/agent/n1',
    ca: authorityId,
    serial,
    spiffe_id: 'spiffe://prod.example/web',
    nb: 1_893_455_990,
    na: 1_893_459_600,
    spki: 'c3BraQ',
    cert: 'Y2VydA',
    profile: 'workload',
    ...changes,
  });
}

export const issued = (...serials: string[]): PackedLeaves =>
  packLeaves(serials.map((serial) => issuedLeaf(serial)));

/** Serials that nobody else uses. */
export function serialsFrom(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, at) => (first + at).toString(16).padStart(32, '0'));
}

/** The error a promise rejects with; undefined if it does not. */
export async function errorOf(promise: Promise<unknown>): Promise<SignetError | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof SignetError) return error;
    throw error;
  }
}

export async function reasonFrom(promise: Promise<unknown>): Promise<Reason | undefined> {
  return (await errorOf(promise))?.reason;
}
