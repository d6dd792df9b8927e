// A small SDS client: keeps one secret by name, the newest the server sent, and acknowledges each. It
// stands in for Envoy where Envoy cannot be had.
import { create, fromBinary } from '@bufbuild/protobuf';
import { secretTypeUrl } from '../../api/sds/secret.ts';
import {
  type Secret,
  SecretSchema,
} from '../../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import {
  type DiscoveryRequest,
  DiscoveryRequestSchema,
} from '../../gen/envoy/service/discovery/v3/discovery_pb.js';
import { SecretDiscoveryService } from '../../gen/envoy/service/secret/v3/sds_pb.js';
import { createClient } from '../../rpc/client.ts';
import { SignetError } from '../../runtime/errors.ts';
import { Latest } from '../../runtime/latest.ts';

/** The plain validator, for this client cannot do what the SPIFFE validator of Envoy does. */
const node = {
  id: 'demo',
  cluster: 'demo',
  metadata: { disable_spiffe_cert_validation: true },
};

/** Requests of one stream: the subscription, then an answer to each response. */
class Requests implements AsyncIterable<DiscoveryRequest> {
  readonly #name: string;
  readonly #answers = new Latest<{ nonce: string; version: string } | undefined>(undefined);
  readonly #signal: AbortSignal;

  constructor(name: string, signal: AbortSignal) {
    this.#name = name;
    this.#signal = signal;
  }

  accept(nonce: string, version: string): void {
    this.#answers.set({ nonce, version });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DiscoveryRequest> {
    for await (const answer of this.#answers.watch(this.#signal)) {
      yield create(DiscoveryRequestSchema, {
        ...(answer === undefined ? { node } : {}),
        typeUrl: secretTypeUrl,
        resourceNames: [this.#name],
        responseNonce: answer?.nonce ?? '',
        versionInfo: answer?.version ?? '',
      });
    }
  }
}

/**
 * Follows a secret until `signal` aborts.
 *
 * @throws SignetError `rpc.*` when the stream ends otherwise
 */
export async function* followSecret(
  socketPath: string,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<Secret> {
  const client = createClient(SecretDiscoveryService, { kind: 'unix', path: socketPath });
  const requests = new Requests(name, signal);
  try {
    for await (const response of client.streamSecrets(requests, { signal })) {
      const [resource] = response.resources;
      if (resource === undefined) throw new SignetError('internal');
      yield fromBinary(SecretSchema, resource.value);
      requests.accept(response.nonce, response.versionInfo);
    }
  } finally {
    client.close();
  }
}
