import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { type AgentIdentity, AgentState } from '../../src/agent/agent-state.ts';
import { acceptSvid } from '../../src/agent/issued-svid.ts';
import { readBundleFile, readToken } from '../../src/agent/settings-files.ts';
import { generateKeyPair } from '../../src/pki/key.ts';
import { parseTrustDomain } from '../../src/spiffe/trust-domain.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { testCa } from '../support/test-ca.ts';

const trustDomain = parseTrustDomain('prod.example');

async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'signet-state-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function testIdentity(isReattestable = false): Promise<AgentIdentity> {
  const [ca, keys] = [await testCa(), generateKeyPair()];
  const { chain } = ca.leaf({ keys, spiffeId: 'spiffe://prod.example/spire/agent/x/1' });
  const authorities = [ca.root.der];
  const bundle = { trustDomain, authorities, sequence: 3, refreshHintSeconds: 60 };
  return { svid: acceptSvid(chain, keys), bundle, isReattestable };
}

test('an identity comes back as it was stored', async () => {
  await using data = await folder();
  const state = new AgentState(join(data.path, 'deep', 'down'));
  expect(await state.load(trustDomain)).toBeUndefined();
  for (const isReattestable of [false, true]) {
    const identity = await testIdentity(isReattestable);
    await state.save(identity);
    expect(await state.load(trustDomain)).toEqual(identity);
  }
  expect(await readdir(dirname(state.path))).toEqual(['identity.json']);
});

test('an identity that was given up is gone, and may be given up twice', async () => {
  await using data = await folder();
  const state = new AgentState(data.path);
  await state.remove();
  await state.save(await testIdentity());
  await state.remove();
  await state.remove();
  expect(await state.load(trustDomain)).toBeUndefined();
});

test.each([
  ['no JSON', 'x'],
  ['no object', '"x"'],
  ['null', 'null'],
  ['of a later version', '{"version":2}'],
  ['longer than any', `"${'x'.repeat(5_300_000)}"`],
])('a file that is %s is malformed', async (_, text) => {
  await using data = await folder();
  const state = new AgentState(data.path);
  await mkdir(dirname(state.path));
  await writeFile(state.path, text);
  expect(await rejectionOf(state.load(trustDomain))).toMatchObject({
    reason: 'node.state_malformed',
  });
});

test('what is wrong with a stored key is told without the key', async () => {
  await using data = await folder();
  const state = new AgentState(data.path);
  await state.save(await testIdentity());
  const text = await readFile(state.path, 'utf8');
  const key = /"privateKey":"([^"]*)"/.exec(text)?.[1] ?? '';
  await writeFile(state.path, text.slice(0, -20));
  for (let error: unknown = await rejectionOf(state.load(trustDomain)); error instanceof Error;) {
    expect(error.message).not.toContain(key.slice(0, 20));
    error = error.cause;
  }
  expect(key).not.toBe('');
});

test('a place that holds no file is said to be unusable', async () => {
  await using data = await folder();
  const state = new AgentState(data.path);
  await mkdir(state.path, { recursive: true });
  const unusable = { reason: 'node.state_unusable' };
  expect(await rejectionOf(state.load(trustDomain))).toMatchObject(unusable);
  expect(await rejectionOf(state.save(await testIdentity()))).toMatchObject(unusable);
  expect(await rejectionOf(state.remove())).toMatchObject(unusable);
});

test('a join token is taken without the white space around it', async () => {
  await using data = await folder();
  const file = join(data.path, 'token');
  expect(await readToken(undefined)).toBeUndefined();
  expect(await readToken({ text: 'abc' })).toBe('abc');
  expect(await readToken({ file })).toBeUndefined();
  await writeFile(file, ' abc\n');
  expect(await readToken({ file })).toBe('abc');
  await writeFile(file, '\n');
  expect(await readToken({ file })).toBeUndefined();
});

test('a file longer than a token or a bundle can be is not read', async () => {
  await using data = await folder();
  const file = join(data.path, 'file');
  await writeFile(file, 'x'.repeat(5000));
  const unreadable = { reason: 'node.unreadable' };
  expect(await rejectionOf(readToken({ file }))).toMatchObject(unreadable);
  await writeFile(file, 'x'.repeat(4 * 1024 * 1024 + 1));
  expect(await rejectionOf(readBundleFile(file, trustDomain))).toMatchObject(unreadable);
});
