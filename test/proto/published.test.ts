import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildGo, requireGo, runGo } from '../support/go.ts';
import { type Fact, factsOf } from './facts.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/** Of these we declare only what a server of secrets needs; of all others everything. */
const partial = /^envoy\./;

async function ourFacts(): Promise<Fact[]> {
  const into = await mkdtemp(join(tmpdir(), 'signet-proto-'));
  const set = join(into, 'set.bin');
  const files = (await readdir(join(root, 'proto'), { recursive: true })).filter((name) =>
    name.endsWith('.proto'),
  );
  const protoc = join(root, 'node_modules/.bin/protoc');
  await run(protoc, ['--proto_path=proto', `--descriptor_set_out=${set}`, ...files], { cwd: root });
  const facts = factsOf(await readFile(set));
  await rm(into, { recursive: true });
  return facts;
}

const textsOf = (facts: readonly Fact[]) => new Set(facts.map(({ text }) => text));

it('generates exactly the committed code', async () => {
  const check = run(join(root, 'scripts/generate.sh'), ['--check'], { cwd: root });
  await expect(check).resolves.toMatchObject({ stdout: '' });
});

describe.skipIf(!requireGo())('our contracts beside those of the published packages', () => {
  let ours: Fact[];
  let published: Fact[];

  beforeAll(async () => {
    const descriptors = await buildGo(join(import.meta.dirname, 'go'));
    published = factsOf(await runGo(descriptors));
    ours = await ourFacts();
  }, 300_000);

  it('have names, numbers, types, labels and streams as published', () => {
    expect(ours.length).toBeGreaterThan(500);
    expect([...textsOf(ours).difference(textsOf(published))]).toEqual([]);
  });

  it('leave nothing out where they are whole', () => {
    const packages = new Set(
      ours.map((fact) => fact.package).filter((name) => !partial.test(name)),
    );
    const expected = published.filter(
      (fact) => packages.has(fact.package) && !isOfAnotherFile(fact),
    );
    expect([...textsOf(expected).difference(textsOf(ours))]).toEqual([]);
  });

  it('offer every method of the services they name', () => {
    const serviceOf = (text: string) => /^rpc ([^/]+)\//.exec(text)?.[1];
    const services = new Set(ours.map(({ text }) => serviceOf(text)));
    services.delete(undefined);
    const methods = published.filter(({ text }) => {
      const service = serviceOf(text);
      return service !== undefined && services.has(service);
    });
    expect([...services]).toContain('envoy.service.secret.v3.SecretDiscoveryService');
    expect([...textsOf(methods).difference(textsOf(ours))]).toEqual([]);
  });
});

/** The Workload API has no package, nor has anything else that happens to be linked in. */
function isOfAnotherFile({ package: scope, text }: Fact): boolean {
  return scope === '' && !/X509|JWT|WIT|SpiffeWorkloadAPI/.test(text);
}
