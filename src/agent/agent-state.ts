// The identity of the agent on disk: one file, replaced atomically, readable by its owner only. Whoever
// reads it is the agent.
import { open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatBundleJwks, maxBundleLength, parseBundleJwks } from '../pki/bundle-format.ts';
import { parsePrivateKey } from '../pki/key.ts';
import { ensureDirectory, syncDirectory, writeDurably } from '../runtime/durable-file.ts';
import { SignetError } from '../runtime/errors.ts';
import type { X509Bundle } from '../spiffe/bundle.ts';
import { trustDomainOf } from '../spiffe/spiffe-id.ts';
import type { X509Svid } from '../spiffe/svid.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { createPublicKey } from 'node:crypto';
import { acceptSvid } from './issued-svid.ts';

/** What an attested agent is. */
export interface AgentIdentity {
  readonly svid: X509Svid;
  readonly bundle: X509Bundle;
  /** Whether the node can attest itself again by the same means. */
  readonly isReattestable: boolean;
}

const longestFile = maxBundleLength + 1024 * 1024;

/** The form on disk. DER is base64. */
interface Stored {
  readonly version: 1;
  readonly trustDomain: string;
  readonly reattestable: boolean;
  readonly privateKey: string;
  readonly chain: readonly string[];
  /** A SPIFFE JWK Set, as text. */
  readonly bundle: string;
}

export class AgentState {
  readonly #path: string;

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'agent', 'identity.json');
  }

  get path(): string {
    return this.#path;
  }

  /**
   * The identity stored, expired or not; undefined if there is none.
   *
   * @throws SignetError `node.state_malformed`, `node.state_foreign`, `node.state_unusable`
   */
  async load(trustDomain: TrustDomain): Promise<AgentIdentity | undefined> {
    const text = await this.#read();
    if (text === undefined) return undefined;
    const stored = parseStored(text);
    if (stored.trustDomain !== trustDomain) throw new SignetError('node.state_foreign');
    try {
      const privateKey = parsePrivateKey(Buffer.from(stored.privateKey, 'base64'));
      const chain = stored.chain.map((der) => Buffer.from(der, 'base64'));
      const svid = acceptSvid(chain, { privateKey, publicKey: createPublicKey(privateKey) });
      if (trustDomainOf(svid.spiffeId) !== trustDomain) throw new SignetError('node.state_foreign');
      const bundle = parseBundleJwks(stored.bundle, trustDomain);
      if (bundle.authorities.length === 0) throw new SignetError('bundle.empty');
      return { svid, bundle, isReattestable: stored.reattestable };
    } catch (cause) {
      if (cause instanceof SignetError && cause.reason === 'node.state_foreign') throw cause;
      throw new SignetError('node.state_malformed', { cause });
    }
  }

  /** @throws SignetError `node.state_unusable` */
  async save({ svid, bundle, isReattestable }: AgentIdentity): Promise<void> {
    const stored: Stored = {
      version: 1,
      trustDomain: bundle.trustDomain,
      reattestable: isReattestable,
      privateKey: base64(svid.privateKey),
      chain: svid.chain.map(base64),
      bundle: formatBundleJwks(bundle),
    };
    try {
      await ensureDirectory(dirname(this.#path));
      await writeDurably(this.#path, Buffer.from(JSON.stringify(stored)), 0o600);
    } catch (cause) {
      throw new SignetError('node.state_unusable', { cause });
    }
  }

  /** Gives the identity up; nothing happens if there is none. */
  async remove(): Promise<void> {
    try {
      await ensureDirectory(dirname(this.#path));
      await rm(this.#path, { force: true });
      await syncDirectory(dirname(this.#path));
    } catch (cause) {
      throw new SignetError('node.state_unusable', { cause });
    }
  }

  async #read(): Promise<string | undefined> {
    try {
      await using file = await open(this.#path);
      const { size } = await file.stat();
      if (size > longestFile) throw new SignetError('node.state_malformed');
      return await file.readFile('utf8');
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      if (cause instanceof SignetError) throw cause;
      throw new SignetError('node.state_unusable', { cause });
    }
  }
}

const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** @throws SignetError `node.state_malformed` */
function parseStored(text: string): Stored {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // not passed on as cause: the parser quotes what it could not read, and that is a key
    throw new SignetError('node.state_malformed');
  }
  if (!isStored(value)) throw new SignetError('node.state_malformed');
  return value;
}

function isStored(value: unknown): value is Stored {
  if (typeof value !== 'object' || value === null) return false;
  const { version, trustDomain, reattestable, privateKey, chain, bundle } = {
    ...emptyStored,
    ...value,
  };
  return (
    version === 1 &&
    [trustDomain, privateKey, bundle].every((field) => typeof field === 'string') &&
    typeof reattestable === 'boolean' &&
    Array.isArray(chain) &&
    chain.every((der) => typeof der === 'string')
  );
}

const emptyStored: Readonly<Record<keyof Stored, unknown>> = {
  version: undefined,
  trustDomain: undefined,
  reattestable: undefined,
  privateKey: undefined,
  chain: undefined,
  bundle: undefined,
};
