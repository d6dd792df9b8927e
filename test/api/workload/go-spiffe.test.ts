import { describe, expect, it } from 'vitest';
import { workloadApi } from '../../../src/api/workload/service.ts';
import { SpiffeWorkloadAPI } from '../../../src/gen/workload_pb.js';
import { bindService } from '../../../src/rpc/service.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { serveUnix } from '../../rpc/rig.ts';
import { GoWorkload } from '../../support/go-workload.ts';
import { requireGo } from '../../support/go.ts';
import {
  testBundle,
  testIdentity,
  TestSource,
  testSvid,
  testView,
} from '../../support/identity-source.ts';
import { testCa } from '../../support/test-ca.ts';

const ca = await testCa({ clock: systemClock });
const partner = await testCa({ clock: systemClock, trustDomain: 'partner.example' });
const bundles = [testBundle(ca), testBundle(partner)];
const id = 'spiffe://prod.example/web';
const serialOf = ({ serial }: { readonly serial: string }) => serial.replace(/^0+/, '');

async function serve() {
  const source = new TestSource();
  const service = workloadApi({ source, clock: systemClock });
  const rig = await serveUnix((server) => bindService(server, SpiffeWorkloadAPI, service));
  return { source, rig };
}

describe.skipIf(!requireGo())('a workload with go-spiffe', () => {
  it('gets SVIDs that it can verify, and the bundles to do so', async () => {
    const { source, rig } = await serve();
    await using _ = rig;
    using workload = await GoWorkload.start('fetch', rig.path);
    const [first, second] = [testSvid(ca, { spiffeId: id }), testSvid(ca)];
    const identities = [
      testIdentity(first, { entryId: 'a' }),
      testIdentity(second, { entryId: 'b', hint: 'internal' }),
    ];
    source.of(workload.pid).set(testView([], bundles, { identities }));
    expect(await workload.next()).toEqual({
      svids: [
        { id, hint: '', serial: serialOf(first) },
        { id: 'spiffe://prod.example/w', hint: 'internal', serial: serialOf(second) },
      ],
      bundles: ['partner.example', 'prod.example'],
    });
  });

  it('is told of a renewed SVID and a new root', async () => {
    const { source, rig } = await serve();
    await using _ = rig;
    using workload = await GoWorkload.start('watch', rig.path, 3);
    const view = source.of(workload.pid);
    const svids = [0, 1].map(() => testSvid(ca, { spiffeId: id }));
    for (const svid of svids) {
      view.set(testView([svid], bundles));
      expect((await workload.next()).svids).toMatchObject([{ id, serial: serialOf(svid) }]);
    }
    const next = await testCa({ clock: systemClock });
    const renewed = testSvid(next, { spiffeId: id });
    view.set(testView([renewed], [testBundle(ca, next)]));
    expect(await workload.next()).toMatchObject({
      svids: [{ serial: serialOf(renewed) }],
      bundles: ['prod.example'],
    });
  });

  it('gets the bundles alone', async () => {
    const { source, rig } = await serve();
    await using _ = rig;
    using workload = await GoWorkload.start('bundles', rig.path);
    source.of(workload.pid).set(testView([testSvid(ca)], bundles));
    expect((await workload.next()).bundles).toEqual(['partner.example', 'prod.example']);
  });

  it('is told that no identity was issued to it', async () => {
    const { source, rig } = await serve();
    await using _ = rig;
    using workload = await GoWorkload.start('fetch', rig.path);
    source.of(workload.pid).set(testView([], bundles));
    expect(await workload.next()).toMatchObject({
      code: 'PermissionDenied',
      error: expect.stringContaining('no identity issued') as unknown,
    });
  });
});
