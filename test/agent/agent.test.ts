import { expect, test } from 'vitest';
import { SignetError } from '../../src/runtime/errors.ts';
import { parseSelector } from '../../src/spiffe/selector.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { idsOf, startRig, testProcess, token, until } from './rig.ts';

const web = { id: 'e-web', spiffeId: 'spiffe://prod.example/web', selectors: ['unix:uid:1000'] };
const api = { id: 'e-api', spiffeId: 'spiffe://prod.example/api', selectors: ['unix:uid:1000'] };

test('an agent attests with its token, and serves what its entries say', async () => {
  await using rig = await startRig({ prepare: (server) => server.put(web) });
  expect(rig.agent.spiffeId).toBe(`spiffe://prod.example/spire/agent/join_token/${token}`);
  expect(rig.server.tokens.size).toBe(0);
  const view = await rig.view('unix:uid:1000', 'unix:gid:1');
  expect(idsOf(view)).toEqual([web.spiffeId]);
  expect(view.pending).toBe(false);
  expect(view.bundles.get(rig.server.ca.trustDomain)?.authorities).toEqual([
    rig.server.ca.root.der,
  ]);
});

test('a process gets nothing by an entry that asks for more than it has', async () => {
  const more = { ...web, selectors: ['unix:uid:1000', 'unix:path:/bin/web'] };
  await using rig = await startRig({ prepare: (server) => server.put(more) });
  expect(idsOf(await rig.view('unix:uid:1000'))).toEqual([]);
  expect(idsOf(await rig.view('unix:uid:1000', 'unix:path:/bin/web'))).toEqual([web.spiffeId]);
});

test('identities are in the order of their entry ids', async () => {
  await using rig = await startRig({
    prepare: (server) => {
      server.put(web);
      server.put(api);
    },
  });
  expect(idsOf(await rig.view('unix:uid:1000'))).toEqual([api.spiffeId, web.spiffeId]);
});

test('an entry added, changed and removed reaches who watches, and nobody else', async () => {
  await using rig = await startRig();
  const watch = rig.watch('unix:uid:1000');
  const other = rig.watch('unix:uid:2000');
  await until(() => watch.views.length === 1 && other.views.length === 1);
  rig.server.put(web);
  await rig.pass(6000);
  await until(() => idsOf(watch.views.at(-1)).length === 1);
  const first = watch.views.at(-1)?.identities[0];

  rig.server.put({ ...web, revision: 1n, hint: 'main' });
  await rig.pass(6000);
  await until(() => watch.views.at(-1)?.identities[0]?.svid.serial !== first?.svid.serial);
  expect(watch.views.at(-1)?.identities[0]?.hint).toBe('main');

  rig.server.entries.clear();
  await rig.pass(6000);
  await until(() => idsOf(watch.views.at(-1)).length === 0);
  expect(other.views).toHaveLength(1);
});

test('an SVID stays the same object while nothing about it changes', async () => {
  await using rig = await startRig({ prepare: (server) => server.put(web) });
  const before = await rig.view('unix:uid:1000');
  await rig.pass(6000);
  const after = await rig.view('unix:uid:1000');
  expect(after.identities[0]?.svid).toBe(before.identities[0]?.svid);
  expect(after.bundles).toBe(before.bundles);
  expect(rig.server.batches).toHaveLength(1);
});

test('a workload without identity makes the agent look again at once', async () => {
  await using rig = await startRig();
  rig.server.put(web);
  const watch = rig.watch('unix:uid:1000');
  await until(() => idsOf(watch.views.at(-1)).length === 1);
  expect(rig.server.clock.monotonicMs()).toBe(0);
});

test('many workloads without identity make it look twice a second at most', async () => {
  await using rig = await startRig();
  const syncs = () => rig.server.calls.filter((name) => name === 'SyncAuthorizedEntries').length;
  for (let uid = 0; uid < 50; uid += 1) rig.watch(`unix:uid:${uid}`);
  await until(() => syncs() === 2);
  await rig.idle();
  expect(syncs()).toBe(2);
  await rig.pass(500);
  await until(() => syncs() === 3);
  await rig.idle();
  expect(syncs()).toBe(3);
});

test('a process that is gone is told nothing more', async () => {
  await using rig = await startRig();
  const watch = rig.watch('unix:uid:1000');
  await until(() => watch.views.length === 1);
  watch.process.exit();
  rig.server.put(web);
  await rig.pass(6000);
  expect(await watch.ended).toMatchObject({ reason: 'workload.exited' });
  expect(watch.views).toHaveLength(1);
});

test('one connection is attested once for all its streams', async () => {
  await using rig = await startRig();
  const { process } = rig.watch('unix:uid:1000');
  const stop = new AbortController();
  const streams = [1, 2, 3].map(() => rig.agent.source.watch({ process }, stop.signal));
  await Promise.all(streams.map((stream) => stream[Symbol.asyncIterator]().next()));
  stop.abort();
  expect(rig.attested).toEqual([process]);
});

test('a process that could not be inspected is inspected again on its next stream', async () => {
  let isReadable = false;
  await using rig = await startRig({
    prepare: (server) => server.put(web),
    agent: {
      attestWorkload: async () => {
        if (!isReadable) throw new SignetError('workload.unreadable');
        return web.selectors.map(parseSelector);
      },
    },
  });
  await until(() => rig.agent.status().svids === 1);
  const process = testProcess();
  const stop = new AbortController();
  const first = async () => {
    for await (const view of rig.agent.source.watch({ process }, stop.signal)) return idsOf(view);
    return [];
  };
  expect(await rejectionOf(first())).toMatchObject({ reason: 'workload.unreadable' });
  isReadable = true;
  expect(await first()).toEqual([web.spiffeId]);
  expect(rig.agent.status().subscribers).toBe(0);
});

test('thousands of streams share what they are shown, and are told once of a change', async () => {
  await using rig = await startRig({ prepare: (server) => server.put(web) });
  await until(() => rig.agent.status().svids === 1);
  const watches = Array.from({ length: 3000 }, () => rig.watch('unix:uid:1000'));
  const others = Array.from({ length: 1000 }, (_, uid) => rig.watch(`unix:uid:${2000 + uid}`));
  await until(() => [...watches, ...others].every(({ views }) => views.length === 1));
  expect(rig.agent.status().subscribers).toBe(4000);
  rig.server.put({ ...web, revision: 2n });
  await rig.pass(6000);
  await until(() => watches.every(({ views }) => views.length === 2));
  expect(new Set(watches.map(({ views }) => views[1])).size).toBe(1);
  expect(others.every(({ views }) => views.length === 1)).toBe(true);
});

test('stopping the agent ends its streams with an error, so that nobody takes it for the last word', async () => {
  await using rig = await startRig();
  const watch = rig.watch('unix:uid:1000');
  await until(() => watch.views.length === 1);
  await rig.agent.stop();
  expect(await watch.ended).toMatchObject({ reason: 'node.stopped' });
  await expect(rig.agent.ended).resolves.toBeUndefined();
});
