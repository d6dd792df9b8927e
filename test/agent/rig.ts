// An agent under a clock that stands still, beside a server that does as it is told.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Agent, type AgentOptions } from '../../src/agent/agent.ts';
import type { IdentityView } from '../../src/api/identity-source.ts';
import type { PeerProcess } from '../../src/rpc/peer-process.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { silentLogger } from '../../src/runtime/log.ts';
import { parseSelector } from '../../src/spiffe/selector.ts';
import { FakeServer, type FakeServerOptions } from '../support/fake-server.ts';

export const token = 'b6a0c5a4-token';

/** Yields to whatever is under way until it has come about; the test's time limit bounds it. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate();
}

export interface TestProcess extends PeerProcess {
  exit(): void;
}

/** A process whose selectors are `unix:uid:<uid>` and whatever `selectors` says. */
export function testProcess(uid = 1000): TestProcess {
  let isLiving = true;
  return {
    pid: 4711,
    uid,
    gid: uid,
    isAlive: () => isLiving,
    exit() {
      isLiving = false;
    },
  };
}

export interface Rig extends AsyncDisposable {
  readonly server: FakeServer;
  readonly agent: Agent;
  readonly dataDir: string;
  /** Processes attested so far. */
  readonly attested: PeerProcess[];
  /** Resolves once all that the agent has to do now is done. */
  idle(): Promise<void>;
  /** Lets time pass while the agent idles, and waits for what that brings about. */
  pass(ms: number): Promise<void>;
  /** Stops the agent and starts another on the same data. */
  restart(changes?: Partial<AgentOptions>): Promise<Rig>;
  /** The newest view of a process with these selectors, attested anew. */
  view(...selectors: string[]): Promise<IdentityView>;
  watch(...selectors: string[]): Watch;
}

export interface Watch {
  /** All views so far. */
  readonly views: IdentityView[];
  readonly process: TestProcess;
  readonly ended: Promise<unknown>;
  stop(): void;
}

export interface RigOptions {
  readonly server?: FakeServerOptions;
  readonly prepare?: (server: FakeServer) => void;
  readonly agent?: Partial<AgentOptions>;
}

/** A clock that knows how many sleep on it. */
function countingClock(clock: Clock): Clock & { readonly sleeping: () => number } {
  let sleeping = 0;
  return {
    ...clock,
    sleeping: () => sleeping,
    async sleep(ms, signal) {
      sleeping += 1;
      await clock.sleep(ms, signal).finally(() => (sleeping -= 1));
    },
  };
}

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const server = await FakeServer.start(options.server);
  server.tokens.add(token);
  options.prepare?.(server);
  const dataDir = await mkdtemp(join(tmpdir(), 'signet-agent-'));
  const rig = await rigOn(server, dataDir, { joinToken: token, ...options.agent });
  await until(() => rig.agent.status().isSynced);
  await rig.idle();
  return rig;
}

const jobs = 3;

async function rigOn(
  server: FakeServer,
  dataDir: string,
  changes: Partial<AgentOptions>,
): Promise<Rig> {
  const attested: PeerProcess[] = [];
  const selectorsOf = new WeakMap<PeerProcess, readonly string[]>();
  const clock = countingClock(server.clock);
  const watching = new AbortController();
  const agent = await Agent.start({
    trustDomain: server.ca.trustDomain,
    dataDir,
    serverAddress: server.address,
    bootstrapBundle: server.bundle,
    clock,
    log: silentLogger,
    attestWorkload: async (process) => {
      attested.push(process);
      return (selectorsOf.get(process) ?? []).map(parseSelector);
    },
    ...changes,
  });
  const rig: Rig = {
    server,
    agent,
    dataDir,
    attested,
    async idle() {
      for (let calm = 0; calm < 3; calm += 1) {
        await setImmediate();
        if (clock.sleeping() < jobs) calm = 0;
      }
    },
    async pass(ms) {
      await rig.idle();
      server.clock.advance(ms);
      await rig.idle();
    },
    async restart(again = {}) {
      await agent.stop();
      return rigOn(server, dataDir, again);
    },
    async view(...selectors) {
      const watch = rig.watch(...selectors);
      await until(() => watch.views.length > 0);
      watch.stop();
      const [view] = watch.views;
      if (view === undefined) throw new Error('no view');
      return view;
    },
    watch(...selectors) {
      const process = testProcess();
      selectorsOf.set(process, selectors);
      const stop = new AbortController();
      const views: IdentityView[] = [];
      const read = async (): Promise<void> => {
        const signal = AbortSignal.any([stop.signal, watching.signal]);
        for await (const view of agent.source.watch({ process }, signal)) views.push(view);
      };
      const ended = read().catch((error: unknown) => error);
      return { views, process, ended, stop: () => stop.abort() };
    },
    async [Symbol.asyncDispose]() {
      watching.abort();
      await agent.stop();
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return rig;
}

/** What a view says, without certificates. */
export const idsOf = (view: IdentityView | undefined): string[] =>
  (view?.identities ?? []).map(({ svid }) => svid.spiffeId);
