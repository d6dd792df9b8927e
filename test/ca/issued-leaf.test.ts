import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeEvent, type EventOf } from '../../src/audit/event.ts';
import { encodeIssuedLeaf } from '../../src/ca/issued-leaf.ts';
import { reasonOf } from '../support/reason-of.ts';

type Issued = EventOf<'x509.issued'>;

const issued = (given: Partial<Issued> = {}): Issued => ({
  t: 'x509.issued',
  ts: 1_893_456_000_000,
  req: 'r-1',
  actor: 'spiffe://prod.example/spire/agent/a',
  ca: 'a'.repeat(40),
  serial: '01'.repeat(16),
  spiffe_id: 'spiffe://prod.example/w',
  nb: 1_893_456_000,
  na: 1_893_459_600,
  spki: 'x'.repeat(43),
  cert: 'y'.repeat(43),
  profile: 'workload',
  ...given,
});

/** Any text, what JSON escapes more often than chance would have it. */
const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\u007f', '\u2028', 'ä', ' ', '/', 'a') }),
);
const time = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const optional = fc.subarray(['req', 'entry', 'node', 'attestor'] as const);
const member = fc.constantFrom('actor', 'ca', 'cert', 'profile', 'serial', 'spiffe_id', 'spki');

/** An event whose values need no escape, but for at most one of them: so that either way is taken. */
const events: fc.Arbitrary<Issued> = fc
  .record({
    times: fc.tuple(time, time, time),
    optional,
    member,
    value: text,
    isPlain: fc.boolean(),
  })
  .map(({ times: [ts, nb, na], ...given }) => {
    const members = Object.fromEntries(given.optional.map((name) => [name, 'plain /:._-']));
    const [odd] = [...given.optional, given.member];
    const odds = given.isPlain || odd === undefined ? {} : { [odd]: given.value };
    return { ...issued({ ts, nb, na }), ...members, ...odds };
  });

const encoded = (encode: (event: Issued) => Uint8Array, event: Issued) => {
  let leaf: string | undefined;
  const reason = reasonOf(() => (leaf = Buffer.from(encode(event)).toString()));
  return { reason, leaf };
};

describe('the leaf of an issued certificate', () => {
  it('is byte for byte what the general encoder writes, whatever the values', () => {
    fc.assert(
      fc.property(events, (event) => {
        expect(encoded(encodeIssuedLeaf, event)).toEqual(encoded(encodeEvent, event));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    {},
    { entry: 'e:0' },
    { node: 'spiffe://prod.example/spire/agent/a' },
    { attestor: 'join_token' },
    { entry: 'e:0', node: 'spiffe://prod.example/spire/agent/a', attestor: 'join_token' },
  ])('is the same with members %j', (given) => {
    const event = issued(given);
    expect(encodeIssuedLeaf(event)).toEqual(encodeEvent(event));
  });

  it.each([
    { ts: 1.5 },
    { na: Number.NaN },
    { nb: 2 ** 53 },
    { actor: '\ud800' },
    { actor: 'a'.repeat(9000) },
  ])('is refused as the general encoder refuses it: %j', (given) => {
    const event = issued(given);
    const reason = reasonOf(() => encodeIssuedLeaf(event));
    expect(reason).toBeDefined();
    expect(reason).toBe(reasonOf(() => encodeEvent(event)));
  });

  it('may be as long as any leaf, and no longer', () => {
    const room = 8192 - encodeEvent(issued({ attestor: '' })).length;
    expect(encodeIssuedLeaf(issued({ attestor: 'a'.repeat(room) }))).toHaveLength(8192);
    const tooLong = issued({ attestor: 'a'.repeat(room + 1) });
    expect(reasonOf(() => encodeIssuedLeaf(tooLong))).toBe('leaf.too_long');
  });
});
