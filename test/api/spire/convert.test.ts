import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentToProto } from '../../../src/api/spire/convert-agent.ts';
import { bundleToProto } from '../../../src/api/spire/convert-bundle.ts';
import {
  entryToProto,
  fieldsFromProto,
  mergedFields,
} from '../../../src/api/spire/convert-entry.ts';
import {
  idFromProto,
  idToProto,
  selectorFromProto,
  selectorToProto,
} from '../../../src/api/spire/convert-id.ts';
import { openPageToken, sealPageToken } from '../../../src/api/spire/page-token.ts';
import { AgentMaskSchema } from '../../../src/gen/spire/api/types/agent_pb.js';
import { BundleMaskSchema } from '../../../src/gen/spire/api/types/bundle_pb.js';
import {
  Entry_AdditionalAttributesSchema,
  type Entry as EntryMessage,
  EntryMaskSchema,
  EntrySchema,
} from '../../../src/gen/spire/api/types/entry_pb.js';
import { SelectorSchema } from '../../../src/gen/spire/api/types/selector_pb.js';
import { SPIFFEIDSchema } from '../../../src/gen/spire/api/types/spiffeid_pb.js';
import type { Agent } from '../../../src/registry/agent.ts';
import type { Entry } from '../../../src/registry/entry.ts';
import { parseEntryDraft } from '../../../src/registry/entry-draft.ts';
import { parseSelector } from '../../../src/spiffe/selector.ts';
import { parseSpiffeId, spiffeId } from '../../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { reasonOf } from '../../support/reason-of.ts';

const trustDomain = parseTrustDomain('prod.example');
const agentId = parseSpiffeId('spiffe://prod.example/spire/agent/a');

/** One with a value other than zero in every field, so that none is lost unseen. */
const entry: Entry = {
  id: 'e-1',
  spiffeId: parseSpiffeId('spiffe://prod.example/web'),
  parentId: agentId,
  selectors: ['k8s:ns:a:b', 'k8s:sa:c'].map(parseSelector),
  x509SvidTtlSeconds: 600,
  jwtSvidTtlSeconds: 60,
  federatesWith: [parseTrustDomain('other.example')],
  dnsNames: ['web.prod.example'],
  admin: true,
  downstream: true,
  storeSvid: true,
  hint: 'h',
  expiresAt: 1_900_000_000,
  revision: 7,
  createdAt: 1_800_000_000,
};

const agent: Agent = {
  id: agentId,
  attestationType: 'join_token',
  standing: { state: 'active', serial: 'ff00' },
  expiresAt: 1_900_000_000,
  selectors: [parseSelector('join_token:x')],
  canReattest: true,
  version: '1.0',
  attestedAt: 0,
};

const entryMessage = (changes: Partial<EntryMessage> = {}): EntryMessage => ({
  ...create(EntrySchema, entryToProto(entry)),
  ...changes,
});

describe('SPIFFE IDs in two parts', () => {
  it('come back as they were', () => {
    const segment = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 4 }), (segments) => {
        const id = spiffeId(trustDomain, ...segments);
        expect(idFromProto(create(SPIFFEIDSchema, idToProto(id)))).toBe(id);
      }),
    );
  });

  it.each([
    ['prod.example', 'web', 'api.id_path'],
    ['prod.example', '/a//b', 'spiffe_id.empty_segment'],
    ['prod.example', '/', 'spiffe_id.empty_segment'],
    ['prod.example', '/a/../b', 'spiffe_id.dot_segment'],
    ['prod.example', '/%2e', 'spiffe_id.character'],
    ['prod.example/a', '/b', 'trust_domain.character'],
    ['spiffe://prod.example', '/b', 'trust_domain.character'],
    ['', '/b', 'trust_domain.missing'],
  ])('are refused as %j with %j', (name, path, reason) => {
    const message = create(SPIFFEIDSchema, { trustDomain: name, path });
    expect(reasonOf(() => idFromProto(message))).toBe(reason);
  });

  it('are missed where there is none', () => {
    expect(reasonOf(() => idFromProto(undefined))).toBe('api.missing_id');
  });
});

describe('selectors in two parts', () => {
  it('keep the colons of their value', () => {
    const message = create(SelectorSchema, selectorToProto(parseSelector('k8s:ns:a:b')));
    expect(message).toMatchObject({ type: 'k8s', value: 'ns:a:b' });
    expect(selectorFromProto(message)).toBe('k8s:ns:a:b');
  });

  it('do not take a colon into their type, which would move the boundary', () => {
    const message = create(SelectorSchema, { type: 'unix:uid', value: '0' });
    expect(reasonOf(() => selectorFromProto(message))).toBe('selector.type');
  });
});

describe('entries', () => {
  it('come back as they were, but for what the server decides', () => {
    const { revision: _revision, createdAt: _createdAt, ...draft } = entry;
    expect(parseEntryDraft(fieldsFromProto(entryMessage()), trustDomain)).toEqual({
      ...draft,
      storeSvid: true,
    });
  });

  it('have revision and time of creation', () => {
    expect(entryToProto(entry)).toMatchObject({ revisionNumber: 7n, createdAt: 1_800_000_000n });
  });

  it('have the fields of the mask, and always their id', () => {
    const mask = create(EntryMaskSchema, { hint: true, selectors: true });
    expect(entryToProto(entry, mask)).toEqual({
      id: 'e-1',
      hint: 'h',
      selectors: [
        { type: 'k8s', value: 'ns:a:b' },
        { type: 'k8s', value: 'sa:c' },
      ],
    });
    expect(entryToProto(entry, create(EntryMaskSchema))).toEqual({ id: 'e-1' });
  });

  it('are refused with an attribute that would be lost', () => {
    const on = entryMessage({
      additionalAttributes: create(Entry_AdditionalAttributesSchema, { jwtSvidIncludeJti: true }),
    });
    expect(reasonOf(() => fieldsFromProto(on))).toBe('api.entry_attributes');
    expect(
      reasonOf(() =>
        fieldsFromProto(
          entryMessage({ additionalAttributes: create(Entry_AdditionalAttributesSchema) }),
        ),
      ),
    ).toBe(undefined);
  });

  it('are refused with more selectors than are worth reading', () => {
    const selectors = Array.from({ length: 1001 }, () =>
      create(SelectorSchema, { type: 'a', value: 'b' }),
    );
    expect(reasonOf(() => fieldsFromProto(entryMessage({ selectors })))).toBe('entry.selectors');
  });

  it('take from an update what its mask names, and nothing else', () => {
    const message = create(EntrySchema, { id: 'e-1', hint: 'new', admin: false });
    const mask = create(EntryMaskSchema, { hint: true });
    expect(mergedFields(entry, message, mask)).toEqual({
      ...fieldsFromProto(entryMessage()),
      hint: 'new',
    });
  });

  it('have a field that an update names and leaves empty emptied', () => {
    const mask = create(EntryMaskSchema, { dnsNames: true, admin: true });
    const merged = mergedFields(entry, create(EntrySchema), mask);
    expect(merged).toMatchObject({ dnsNames: [], admin: false, downstream: true });
  });
});

describe('agents', () => {
  it('have the serial of their SVID in decimal', () => {
    expect(agentToProto(agent)).toMatchObject({ x509svidSerialNumber: '65280', banned: false });
  });

  it('have no serial when they are banned', () => {
    const banned = { ...agent, standing: { state: 'banned' } } as const;
    expect(agentToProto(banned)).toMatchObject({ x509svidSerialNumber: '', banned: true });
  });

  it('have the fields of the mask, and always their id', () => {
    const mask = create(AgentMaskSchema, { canReattest: true });
    expect(agentToProto(agent, mask)).toEqual({ id: idToProto(agentId), canReattest: true });
  });
});

describe('bundles', () => {
  const bundle = {
    trustDomain,
    authorities: [Uint8Array.of(1), Uint8Array.of(2)],
    sequence: 3,
    refreshHintSeconds: 300,
  };

  it('have one certificate in each authority', () => {
    expect(bundleToProto(bundle)).toEqual({
      trustDomain: 'prod.example',
      x509Authorities: [{ asn1: Uint8Array.of(1) }, { asn1: Uint8Array.of(2) }],
      sequenceNumber: 3n,
      refreshHint: 300n,
    });
  });

  it('have the fields of the mask, and always the trust domain', () => {
    const mask = create(BundleMaskSchema, { sequenceNumber: true });
    expect(bundleToProto(bundle, mask)).toEqual({ trustDomain, sequenceNumber: 3n });
  });
});

describe('page tokens', () => {
  it('give back the key for the same list and filter', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (last) => {
        expect(openPageToken(['a'], sealPageToken(['a'], last))).toBe(last);
      }),
    );
  });

  it('are empty for the first page', () => {
    expect(openPageToken(['a'], '')).toBe(undefined);
  });

  it.each([
    ['another filter', sealPageToken(['b'], 'x')],
    ['no key', sealPageToken(['a'], '')],
    ['another spelling', `${sealPageToken(['a'], 'x')}=`],
    ['a made up one', 'AAAA'],
    ['too much', 'A'.repeat(4097)],
  ])('are refused with %s', (_title, token) => {
    expect(reasonOf(() => openPageToken(['a'], token))).toBe('api.page_token');
  });
});
