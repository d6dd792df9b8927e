import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FakeEntry } from '../support/fake-server-entries.ts';
import { idsOf, startRig, until } from './rig.ts';

const spiffeIdOf = (id: string) => `spiffe://prod.example/${id}`;

const id = fc.constantFrom('a', 'b', 'c');
const selectors = fc.subarray(['unix:uid:1', 'unix:gid:2', 'unix:path:/x'], { minLength: 1 });
const event = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), id, selectors }),
  fc.record({ kind: fc.constant('remove' as const), id }),
  fc.record({ kind: fc.constant('away' as const) }),
  fc.record({ kind: fc.constant('back' as const) }),
  fc.record({ kind: fc.constant('root' as const) }),
  fc.record({ kind: fc.constant('step' as const), ms: fc.integer({ min: -3000, max: 60_000 }) }),
);

test('whatever happens, in the end every process has what entries and selectors say', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 12 }),
      fc.constantFrom(1, 2, 500),
      async (events, pageSize) => {
        await using rig = await startRig({
          prepare(server) {
            server.pageSize = pageSize;
            server.clock.advance(3_600_000); // so that there is room to step back
          },
        });
        const { server } = rig;
        const processes = [['unix:uid:1'], ['unix:uid:1', 'unix:gid:2'], ['unix:path:/x']];
        const watches = processes.map((all) => ({ all, watch: rig.watch(...all) }));
        let isOpen = true;
        let revision = 0n;
        for (const next of events) {
          revision += 1n;
          if (next.kind === 'put') {
            server.put({ ...next, spiffeId: spiffeIdOf(next.id), revision });
          } else if (next.kind === 'remove') server.entries.delete(next.id);
          else if (next.kind === 'away' && isOpen) {
            isOpen = false;
            await server.close();
          } else if (next.kind === 'back' && !isOpen) {
            isOpen = true;
            await server.open();
          } else if (next.kind === 'root') server.bundleSequence += 1n;
          else if (next.kind === 'step') server.clock.step(next.ms);
          await rig.pass(6000);
        }
        if (!isOpen) await server.open();
        await rig.pass(40_000);
        await rig.pass(40_000);
        const entries: FakeEntry[] = [...server.entries.values()];
        for (const { all, watch } of watches) {
          const expected = entries
            .filter((entry) => entry.selectors.every((selector) => all.includes(selector)))
            .map((entry) => entry.spiffeId);
          await until(() => watch.views.at(-1)?.pending === false);
          expect(new Set(idsOf(watch.views.at(-1)))).toEqual(new Set(expected));
          const bundle = watch.views.at(-1)?.bundles.get(server.ca.trustDomain);
          expect(bundle?.sequence).toBe(Number(server.bundleSequence));
        }
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);
