import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JoinTokenAttestor } from '../../../src/attestation/node/join-token.ts';
import type { JoinToken } from '../../../src/registry/agent.ts';
import { joinTokenHash } from '../../../src/registry/join-token.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const trustDomain = parseTrustDomain('prod.example');

/** An attestor to which only this token is known; it counts how often it is looked up. */
function attestorFor(token = 'tok', ttlSeconds = 60) {
  const clock = manualClock();
  const hash = joinTokenHash(token);
  const known: JoinToken = { hash, expiresAt: clock.unixMs() / 1000 + ttlSeconds };
  let lookups = 0;
  const joinToken = (asked: string) => {
    lookups += 1;
    return Promise.resolve(asked === hash ? known : undefined);
  };
  const attestor = new JoinTokenAttestor({ trustDomain, reader: { joinToken }, clock });
  return { attestor, clock, hash, lookups: () => lookups };
}

const bytes = (text: string) => Buffer.from(text);

describe('attestation by join token', () => {
  it('names the agent after its token and hands over the hash that is used up', async () => {
    const { attestor, hash } = attestorFor('a-1.b_2');
    using node = await attestor.attest(bytes('a-1.b_2'));
    expect(node).toMatchObject({
      agentId: 'spiffe://prod.example/spire/agent/join_token/a-1.b_2',
      selectors: [],
      canReattest: false,
      joinTokenHash: hash,
    });
  });

  it('refuses a token that nobody made', async () => {
    const { attestor } = attestorFor();
    expect(await rejectionOf(attestor.attest(bytes('other')))).toMatchObject({
      reason: 'join_token.unknown',
    });
  });

  it('takes a token until the second it expires, and not then', async () => {
    const { attestor, clock } = attestorFor('tok', 60);
    clock.advance(59_999);
    (await attestor.attest(bytes('tok')))[Symbol.dispose]();
    clock.advance(1);
    expect(await rejectionOf(attestor.attest(bytes('tok')))).toMatchObject({
      reason: 'join_token.expired',
    });
  });

  it('refuses a token that is in use, and takes it again once it was given back', async () => {
    const { attestor } = attestorFor();
    const first = attestor.attest(bytes('tok'));
    expect(await rejectionOf(attestor.attest(bytes('tok')))).toMatchObject({
      reason: 'join_token.unknown',
    });
    (await first)[Symbol.dispose]();
    using again = await attestor.attest(bytes('tok'));
    expect(again.joinTokenHash).toBeDefined();
  });

  it('does not keep a token locked that it refused', async () => {
    const { attestor, clock } = attestorFor('tok', 1);
    clock.advance(1000);
    await rejectionOf(attestor.attest(bytes('tok')));
    expect(await rejectionOf(attestor.attest(bytes('tok')))).toMatchObject({
      reason: 'join_token.expired',
    });
  });

  it.each(['', '.', '..', 'a/b', 'a b', 'a\n', '%2e', 'ä', 'a'.repeat(256), 'a'.repeat(513)])(
    'refuses %j without looking it up',
    async (payload) => {
      const { attestor, lookups } = attestorFor();
      expect(await rejectionOf(attestor.attest(bytes(payload)))).toMatchObject({
        reason: 'join_token.malformed',
      });
      expect(lookups()).toBe(0);
    },
  );

  it('makes of any bytes a refusal with a name', async () => {
    const { attestor } = attestorFor();
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (payload) => {
      const error = await rejectionOf(attestor.attest(payload));
      expect(['join_token.malformed', 'join_token.unknown']).toContain(error?.reason);
    });
    await fc.assert(property);
  });
});
