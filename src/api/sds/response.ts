// Responses in their wire form. What is alike for all streams, and nearly all of the bytes, is encoded
// once for each secret; only the nonce is added for each stream.
import { create, toBinary } from '@bufbuild/protobuf';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '../../gen/envoy/service/discovery/v3/discovery_pb.js';
import { type EncodedSecret, secretTypeUrl } from './secret.ts';

const sharedSotw = new WeakMap<EncodedSecret, Uint8Array>();
const sharedDelta = new WeakMap<EncodedSecret, Uint8Array>();

/** A DiscoveryResponse with one secret, or with none. */
export function encodeSotw(secret: EncodedSecret | undefined, nonce: string): Uint8Array {
  const shared = remember(sharedSotw, secret, () => {
    const [versionInfo, resources] = secret ? [secret.version, [secret.resource]] : ['', []];
    const response = { versionInfo, resources, typeUrl: secretTypeUrl };
    return toBinary(DiscoveryResponseSchema, create(DiscoveryResponseSchema, response));
  });
  return Buffer.concat([
    shared,
    toBinary(DiscoveryResponseSchema, create(DiscoveryResponseSchema, { nonce })),
  ]);
}

/** A DeltaDiscoveryResponse with one secret, or one that tells that the name is gone. */
export function encodeDelta(
  name: string,
  secret: EncodedSecret | undefined,
  nonce: string,
): Uint8Array {
  const shared = remember(sharedDelta, secret, () => {
    const content = secret
      ? { resources: [{ name, version: secret.version, resource: secret.resource }] }
      : { removedResources: [name] };
    const response = {
      systemVersionInfo: secret?.version ?? '',
      typeUrl: secretTypeUrl,
      ...content,
    };
    return toBinary(DeltaDiscoveryResponseSchema, create(DeltaDiscoveryResponseSchema, response));
  });
  return Buffer.concat([
    shared,
    toBinary(DeltaDiscoveryResponseSchema, create(DeltaDiscoveryResponseSchema, { nonce })),
  ]);
}

function remember(
  known: WeakMap<EncodedSecret, Uint8Array>,
  secret: EncodedSecret | undefined,
  encode: () => Uint8Array,
): Uint8Array {
  if (secret === undefined) return encode();
  const before = known.get(secret);
  if (before !== undefined) return before;
  const bytes = encode();
  known.set(secret, bytes);
  return bytes;
}
