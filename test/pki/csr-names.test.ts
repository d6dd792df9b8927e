import { describe, expect, it } from 'vitest';
import { parseCsr, requestedNames } from '../../src/pki/csr.ts';
import { extension, oid, sequence, set, tlv } from '../../src/pki/der-writer.ts';
import { generateKeyPair } from '../../src/pki/key.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import {
  buildCsr,
  dnsName,
  extensionRequest,
  sanExtension,
  sanOid,
  uriName,
} from '../support/csr-builder.ts';
import { reasonOf } from '../support/reason-of.ts';

const keys = generateKeyPair();
const id = parseSpiffeId('spiffe://prod.example/w');

const namesOf = (csr: Buffer) => requestedNames(parseCsr(csr));

describe('requestedNames', () => {
  it('gives names in their order', () => {
    const names = [dnsName('b.example'), uriName(id), dnsName('a.example')];
    expect(namesOf(buildCsr({ keys, names }))).toEqual({
      uris: [id],
      dnsNames: ['b.example', 'a.example'],
      otherTags: new Set(),
    });
  });

  it.each([
    { why: 'no attributes', options: {} },
    {
      why: 'an attribute of another kind',
      options: {
        attributes: [sequence(oid('1.2.840.113549.1.9.7'), set(tlv(12, Buffer.from('x'))))],
      },
    },
    {
      why: 'other extensions',
      options: { extensions: [extension('2.5.29.15', Buffer.from('03020780', 'hex'))] },
    },
  ])('gives none for $why', ({ options }) => {
    const { uris, dnsNames } = namesOf(buildCsr({ keys, ...options }));
    expect([...uris, ...dnsNames]).toEqual([]);
  });

  it('reads a critical list of names', () => {
    const extensions = [extension(sanOid, sequence(uriName(id)), true)];
    expect(namesOf(buildCsr({ keys, extensions })).uris).toEqual([id]);
  });

  const names = sanExtension(uriName(id));
  it.each([
    { why: 'two URIs', options: { names: [uriName(id), uriName(id)] }, reason: 'csr.uris' },
    {
      why: 'two extension requests',
      options: { attributes: [extensionRequest(names), extensionRequest(names)] },
      reason: 'csr.duplicate',
    },
    { why: 'two lists of names', options: { extensions: [names, names] }, reason: 'csr.duplicate' },
    {
      why: 'a request with two values',
      options: {
        attributes: [sequence(oid('1.2.840.113549.1.9.14'), set(sequence(names), sequence(names)))],
      },
      reason: 'der.trailing',
    },
    {
      why: 'a request without value',
      options: { attributes: [sequence(oid('1.2.840.113549.1.9.14'), set())] },
      reason: 'der.tag',
    },
    { why: 'an empty attribute', options: { attributes: [sequence()] }, reason: 'der.tag' },
    { why: 'an empty extension', options: { extensions: [sequence()] }, reason: 'der.tag' },
    {
      why: 'an empty list of names',
      options: { extensions: [sanExtension()] },
      reason: 'names.empty',
    },
    {
      why: 'an empty value',
      options: { extensions: [extension(sanOid, Buffer.alloc(0))] },
      reason: 'der.tag',
    },
    {
      why: 'bytes after the names',
      options: { extensions: [extension(sanOid, Buffer.concat([sequence(uriName(id)), tlv(5)]))] },
      reason: 'der.trailing',
    },
    {
      why: 'a default written out',
      options: {
        extensions: [
          sequence(oid(sanOid), Buffer.from('010100', 'hex'), tlv(4, sequence(uriName(id)))),
        ],
      },
      reason: 'der.boolean',
    },
    {
      why: 'a name with NUL',
      options: { names: [uriName('spiffe://prod.example/w\0x')] },
      reason: 'names.character',
    },
    {
      why: 'a name with a high byte',
      options: { names: [uriName(Buffer.from([0x73, 0xff]))] },
      reason: 'names.character',
    },
    {
      why: 'a DNS name with a newline',
      options: { names: [dnsName('a\nb')] },
      reason: 'names.character',
    },
    {
      why: '257 names',
      options: { names: Array(257).fill(dnsName('a')) },
      reason: 'names.too_many',
    },
  ])('refuses $why', ({ options, reason }) => {
    expect(reasonOf(() => namesOf(buildCsr({ keys, ...options })))).toBe(reason);
  });

  it.each(['2.5.29.14', '2.5.29.15', sanOid, '2.5.29.19', '2.5.29.30', '2.5.29.35', '2.5.29.37'])(
    'survives an empty sequence as the value of %s',
    (type) => {
      const csr = buildCsr({ keys, extensions: [extension(type, sequence())] });
      expect(reasonOf(() => namesOf(csr))).toBe(type === sanOid ? 'names.empty' : undefined);
    },
  );
});
