import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerReader, tag } from '../../src/pki/der-reader.ts';
import { readTime } from '../../src/pki/der-time.ts';
import {
  bitString,
  directoryString,
  extension,
  namedBits,
  octetString,
  oid,
  sequence,
  time,
  tlv,
  unsigned,
} from '../../src/pki/der-writer.ts';
import { dottedOid } from '../../src/pki/oids.ts';
import { reasonOf } from '../support/reason-of.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const reader = (text: string) => new DerReader(hex(text));

describe('DerReader', () => {
  it.each([
    { why: 'a short length', der: '04020102', content: '0102' },
    { why: 'no content', der: '0400', content: '' },
    { why: '128 bytes', der: `048180${'ab'.repeat(128)}`, content: 'ab'.repeat(128) },
    { why: '256 bytes', der: `04820100${'ab'.repeat(256)}`, content: 'ab'.repeat(256) },
    { why: '65536 bytes', der: `0483010000${'ab'.repeat(65_536)}`, content: 'ab'.repeat(65_536) },
  ])('reads an element of $why', ({ der, content }) => {
    const read = reader(der).read(tag.octetString);
    expect(read.content().toString('hex')).toBe(content);
    expect(read.raw().toString('hex')).toBe(der);
    expect(read.done).toBe(true);
  });

  it.each([
    { why: 'nothing', der: '', reason: 'der.tag' },
    { why: 'another tag', der: '0500', reason: 'der.tag' },
    { why: 'a tag alone', der: '04', reason: 'der.length' },
    { why: 'an indefinite length', der: '0480010000', reason: 'der.length' },
    {
      why: 'a length that fits one byte in two',
      der: `04817f${'00'.repeat(127)}`,
      reason: 'der.length',
    },
    {
      why: 'a length with a leading zero',
      der: `048200ff${'00'.repeat(255)}`,
      reason: 'der.length',
    },
    { why: 'a length of four bytes', der: '048401000000', reason: 'der.length' },
    { why: 'a length cut short', der: '0482ff', reason: 'der.length' },
    { why: 'more content than there is', der: '040301', reason: 'der.length' },
  ])('refuses $why', ({ der, reason }) => {
    expect(reasonOf(() => reader(der).read(tag.octetString))).toBe(reason);
  });

  it('refuses tags of more than one byte, even if asked for', () => {
    expect(reasonOf(() => reader('1f0100').read(0x1f))).toBe('der.tag');
    expect(reasonOf(() => reader('bf0100').skip())).toBe('der.tag');
  });

  it('does not let an element run over the end of its parent', () => {
    const inner = reader('3003040301020304').read(tag.sequence).inside();
    expect(reasonOf(() => inner.read(tag.octetString))).toBe('der.length');
  });

  it('reports what is left over', () => {
    expect(reasonOf(() => DerReader.only(hex('0400'), tag.octetString))).toBeUndefined();
    expect(reasonOf(() => DerReader.only(hex('040000'), tag.octetString))).toBe('der.trailing');
  });

  it('keeps to the window of the view it is given', () => {
    const inside = hex('ff0401aaff').subarray(1, 4);
    expect(new DerReader(inside).read(tag.octetString).content()).toEqual(hex('aa'));
    expect(new DerReader(new Uint8Array(inside)).read(tag.octetString).is(hex('0401aa'))).toBe(
      true,
    );
  });

  it.each([
    { der: '020100', value: 0 },
    { der: '02017f', value: 127 },
    { der: '02020080', value: 128 },
    { der: '02047fffffff', value: 2 ** 31 - 1 },
  ])('reads the integer $value', ({ der, value }) => {
    expect(reader(der).small()).toBe(value);
  });

  it.each([
    { why: 'no bytes', der: '0200' },
    { why: 'a negative one', der: '0201ff' },
    { why: 'a needless zero', der: '0202007f' },
    { why: '2^31', der: '02050080000000' },
  ])('refuses an integer of $why', ({ der }) => {
    expect(reasonOf(() => reader(der).small())).toBe('der.integer');
  });

  it('reads TRUE, and an absent flag as FALSE', () => {
    expect(reader('0101ff').flag()).toBe(true);
    expect(reader('0400').flag()).toBe(false);
    expect(reader('').flag()).toBe(false);
  });

  it.each(['010100', '010101', '0100', '0102ffff'])('refuses the flag %s', (der) => {
    expect(reasonOf(() => reader(der).flag())).toBe('der.boolean');
  });

  it('reads bit strings of whole bytes only', () => {
    expect(reader('030200ab').octets()).toEqual(hex('ab'));
    expect(reasonOf(() => reader('030204a0').octets())).toBe('der.bit_string');
    expect(reasonOf(() => reader('0300').octets())).toBe('der.bit_string');
  });

  it.each(['030200aa', '030207c0', '03020800', '0300', '03020700', '0304000101ff', '030107'])(
    'refuses the named bits %s',
    (der) => {
      expect(reasonOf(() => reader(der).namedBits())).toBe('der.bit_string');
    },
  );

  it('never fails but with a SignetError', () => {
    const steps = fc.constantFrom('skip', 'unsigned', 'small', 'flag', 'octets', 'namedBits');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(steps), (bytes, methods) => {
        const random = new DerReader(bytes);
        const reason = reasonOf(() => methods.forEach((method) => random[method]()));
        expect(reason ?? 'der.').toMatch(/^der\./);
      }),
    );
  });
});

describe('DER writer', () => {
  it('writes lengths the reader accepts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), (length) => {
        const read = new DerReader(octetString(new Uint8Array(length))).read(tag.octetString);
        expect(read.content()).toHaveLength(length);
      }),
      { examples: [[127], [128], [255], [256], [65_535]] },
    );
  });

  it('writes named bits that come back', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 16 - 1), (bits) => {
        expect(new DerReader(namedBits(bits)).namedBits()).toBe(bits);
      }),
      { examples: [[0], [1], [0b101], [0b1100000], [256]] },
    );
  });

  it('writes unsigned integers that come back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        const value = (digits: Uint8Array) => BigInt(`0x0${Buffer.from(digits).toString('hex')}`);
        expect(value(new DerReader(unsigned(bytes)).unsigned())).toBe(value(bytes));
      }),
    );
  });

  it.each([
    { dotted: '2.5.29.17', der: '0603551d11' },
    { dotted: '1.2.840.113549.1.9.14', der: '06092a864886f70d01090e' },
    { dotted: '1.3.6.1.5.5.7.3.1', der: '06082b06010505070301' },
    { dotted: '2.999.3', der: '0603883703' },
  ])('writes $dotted', ({ dotted, der }) => {
    expect(oid(dotted).toString('hex')).toBe(der);
    expect(dottedOid(hex(der).subarray(2))).toBe(dotted);
  });

  it.each([
    { why: 'nothing', content: '' },
    { why: 'a last number cut short', content: '551d8f' },
    { why: 'a second spelling', content: '55801d' },
    { why: 'a number that would be rounded', content: `55${'ff'.repeat(8)}7f` },
    { why: '33 bytes', content: '01'.repeat(33) },
  ])('refuses an object identifier of $why', ({ content }) => {
    expect(reasonOf(() => dottedOid(hex(content)))).toBe('der.oid');
  });

  it('marks an extension as critical, or says nothing', () => {
    expect(extension('2.5.29.19', sequence(), true).toString('hex')).toBe(
      '300c0603551d130101ff04023000',
    );
    expect(extension('2.5.29.19', sequence()).toString('hex')).toBe('30090603551d1304023000');
  });

  it('chooses the string type by alphabet', () => {
    expect(directoryString('a.Example-1')[0]).toBe(0x13);
    expect(directoryString('*.example')[0]).toBe(0x0c);
    expect(directoryString('a_b')[0]).toBe(0x0c);
    expect(bitString(hex('00')).toString('hex')).toBe('03020000');
  });
});

describe('times', () => {
  const seconds = (text: string) => Date.parse(text) / 1000;

  it.each([
    { text: '1950-01-01T00:00:00Z', der: '170d3530303130313030303030305a' },
    { text: '1999-12-31T23:59:59Z', der: '170d3939313233313233353935395a' },
    { text: '2000-02-29T00:00:00Z', der: '170d3030303232393030303030305a' },
    { text: '2038-01-19T03:14:08Z', der: '170d3338303131393033313430385a' },
    { text: '2049-12-31T23:59:59Z', der: '170d3439313233313233353935395a' },
    { text: '2050-01-01T00:00:00Z', der: '180f32303530303130313030303030305a' },
    { text: '9999-12-31T23:59:59Z', der: '180f39393939313233313233353935395a' },
  ])('writes and reads $text', ({ text, der }) => {
    expect(time(seconds(text)).toString('hex')).toBe(der);
    expect(readTime(reader(der))).toBe(seconds(text));
  });

  it('reads whatever second it writes', () => {
    const last = seconds('9999-12-31T23:59:59Z');
    fc.assert(
      fc.property(fc.integer({ min: seconds('1950-01-01T00:00:00Z'), max: last }), (at) => {
        expect(readTime(new DerReader(time(at)))).toBe(at);
      }),
    );
  });

  it.each([1.5, Number.NaN, Infinity, seconds('1949-12-31T23:59:59Z'), 253_402_300_800])(
    'does not write %s',
    (at) => {
      expect(reasonOf(() => time(at))).toBe('der.time');
    },
  );

  it.each([
    { why: 'no seconds', form: 0x17, text: '3001010000Z' },
    { why: 'an offset', form: 0x17, text: '300101000000+0000' },
    { why: 'no Z', form: 0x17, text: '300101000000' },
    { why: 'a fraction', form: 0x18, text: '20500101000000.5Z' },
    { why: 'GeneralizedTime before 2050', form: 0x18, text: '20491231235959Z' },
    { why: 'month 13', form: 0x17, text: '301301000000Z' },
    { why: 'month 0', form: 0x17, text: '300001000000Z' },
    { why: 'February 30', form: 0x17, text: '300230000000Z' },
    { why: 'hour 24', form: 0x17, text: '300101240000Z' },
    { why: 'second 60', form: 0x17, text: '300101000060Z' },
    { why: 'letters', form: 0x17, text: '3001010000aaZ' },
    { why: 'a sign', form: 0x17, text: '+00101000000Z' },
    { why: 'nothing', form: 0x18, text: '' },
  ])('refuses a time with $why', ({ form, text }) => {
    expect(reasonOf(() => readTime(new DerReader(tlv(form, Buffer.from(text)))))).toBe('der.time');
  });
});
