// A sidecar on the wire, one stream of either variant: it asks, and answers what it is sent.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '../../../src/gen/envoy/service/discovery/v3/discovery_pb.js';
import { SecretDiscoveryService } from '../../../src/gen/envoy/service/secret/v3/sds_pb.js';
import { type Client, createClient } from '../../../src/rpc/client.ts';

export type SdsClient = Client<typeof SecretDiscoveryService>;

export function sdsClient(path: string): SdsClient {
  return createClient(SecretDiscoveryService, { kind: 'unix', path });
}

/** What a response tells: one name with its version, or without if it is gone. */
export interface Told {
  readonly name: string;
  readonly version: string | undefined;
  readonly nonce: string;
}

export interface Ask {
  readonly names?: readonly string[];
  readonly typeUrl?: string;
  readonly nonce?: string;
  readonly error?: string;
  /** What it says it holds: by name and version. */
  readonly held?: Readonly<Record<string, string>>;
  readonly id?: string;
}

/** Requests by hand: an iterable that yields what is pushed. */
class Outbox<T> {
  #items: T[] = [];
  #news = Promise.withResolvers<void>();
  #isOver = false;

  push(item: T): void {
    this.#items.push(item);
    this.#news.resolve();
  }

  end(): void {
    this.#isOver = true;
    this.#news.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const items = this.#items;
      this.#items = [];
      yield* items;
      if (this.#items.length > 0) continue;
      if (this.#isOver) return;
      await this.#news.promise;
      this.#news = Promise.withResolvers();
    }
  }
}

export interface WireNode {
  ask(request: Ask): void;
  /** Half-closes the stream. */
  end(): void;
  /** The next response; undefined if the stream has ended. Rejects if it failed. */
  next(): Promise<Told | undefined>;
  close(): Promise<void>;
}

/** Reads ahead by one, so that the stream begins without anybody waiting for it. */
class Responses<T> {
  readonly #responses: AsyncIterator<T, void>;
  readonly #ending: AbortController;
  #ahead: Promise<IteratorResult<T, void>>;

  constructor(start: (signal: AbortSignal) => AsyncIterator<T, void>) {
    this.#ending = new AbortController();
    this.#responses = start(this.#ending.signal);
    this.#ahead = this.#pull();
  }

  async next(): Promise<T | undefined> {
    const { value } = await this.#ahead;
    this.#ahead = this.#pull();
    return value ?? undefined;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#ahead.catch(() => undefined);
  }

  #pull(): Promise<IteratorResult<T, void>> {
    const next = this.#responses.next();
    next.catch(() => undefined);
    return next;
  }
}

export type OpenWireNode = (client: SdsClient) => WireNode;

const nodeOf = ({ id }: Ask) => (id === undefined ? {} : { node: { id, cluster: 'test' } });
const errorOf = ({ error }: Ask) =>
  error === undefined ? {} : { errorDetail: { code: 13, message: error } };

export const openSotwNode: OpenWireNode = (client) => {
  const outbox = new Outbox<MessageInitShape<typeof DiscoveryRequestSchema>>();
  const responses = new Responses((signal) => client.streamSecrets(outbox, { signal }));
  let names: readonly string[] = [];
  return {
    ask(request) {
      names = request.names ?? names;
      outbox.push(
        create(DiscoveryRequestSchema, {
          ...nodeOf(request),
          ...errorOf(request),
          resourceNames: [...names],
          typeUrl: request.typeUrl ?? '',
          responseNonce: request.nonce ?? '',
          versionInfo: Object.values(request.held ?? {})[0] ?? '',
        }),
      );
    },
    end: () => outbox.end(),
    async next() {
      const response = await responses.next();
      if (response === undefined) return undefined;
      const { versionInfo: version, nonce } = response;
      const resource = Buffer.from(response.resources[0]?.value ?? []);
      // the name is the first field of a Secret
      const name = resource.subarray(2, 2 + (resource[1] ?? 0)).toString();
      return { name, version, nonce };
    },
    close: () => responses.close(),
  };
};

export const openDeltaNode: OpenWireNode = (client) => {
  const outbox = new Outbox<MessageInitShape<typeof DeltaDiscoveryRequestSchema>>();
  const responses = new Responses((signal) => client.deltaSecrets(outbox, { signal }));
  let names = new Set<string>();
  return {
    ask(request) {
      const wanted = new Set(request.names ?? names);
      outbox.push(
        create(DeltaDiscoveryRequestSchema, {
          ...nodeOf(request),
          ...errorOf(request),
          resourceNamesSubscribe: [...wanted.difference(names)],
          resourceNamesUnsubscribe: [...names.difference(wanted)],
          typeUrl: request.typeUrl ?? '',
          responseNonce: request.nonce ?? '',
          initialResourceVersions: { ...request.held },
        }),
      );
      names = wanted;
    },
    end: () => outbox.end(),
    async next() {
      const response = await responses.next();
      if (response === undefined) return undefined;
      const [resource] = response.resources;
      const name = resource?.name ?? response.removedResources[0] ?? '';
      return { name, version: resource?.version, nonce: response.nonce };
    },
    close: () => responses.close(),
  };
};
