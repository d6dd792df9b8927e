import { describe, expect, it } from 'vitest';
import { Refusals } from '../../../src/api/spire/refusals.ts';
import { silentLogger as log } from '../../../src/runtime/log.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { origin } from '../../support/test-issuance.ts';

/** Refusals, and the targets of those that were recorded. */
function recording() {
  const clock = manualClock();
  const targets: (string | undefined)[] = [];
  const recordRefusal = ({ target }: { target?: string }) => {
    targets.push(target);
    return Promise.resolve();
  };
  const refusals = new Refusals({ registry: { recordRefusal }, clock, log });
  const refuse = (peer: string, target: string) =>
    refusals.record(peer, { kind: 'admin.denied', reason: 'caller.denied', target }, origin);
  return { clock, targets, refuse };
}

describe('refusals', () => {
  it('are recorded once a second for each peer and matter', async () => {
    const { clock, targets, refuse } = recording();
    await refuse('a', '/x');
    await refuse('a', '/x');
    await refuse('a', '/y');
    await refuse('b', '/x');
    expect(targets).toEqual(['/x', '/y', '/x']);
    clock.advance(1000);
    await refuse('a', '/x');
    expect(targets).toHaveLength(4);
  });

  it('are recorded a hundred times a second, however many peers there are', async () => {
    const { clock, targets, refuse } = recording();
    for (let peer = 0; peer < 150; peer += 1) await refuse(`peer ${peer}`, '/x');
    expect(targets).toHaveLength(100);
    clock.advance(1000);
    await refuse('peer 149', '/x');
    expect(targets).toHaveLength(101);
  });
});
