// What grpc-js wants to know of a method, from its descriptor.
import { type DescMessage, type DescMethod, fromBinary } from '@bufbuild/protobuf';
import type { MethodDefinition } from '@grpc/grpc-js';
import { type Answer, bytesOf } from './encoded-message.ts';

/** `/package.Service/Method`, the name a method has on the wire and in every rule about it. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** A message of any kind, or its wire form. */
export type Sendable = Answer<DescMessage>;

/** Shared memory, no copy. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Fields the descriptor does not name are dropped on arrival: an Envoy sends 60 KB of them with every
 * stream.
 */
export function definitionOf(method: DescMethod): MethodDefinition<Sendable, Sendable> {
  const { input, output, methodKind } = method;
  return {
    path: pathOf(method),
    originalName: method.localName,
    requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
    responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
    requestSerialize: (request) => bufferOf(bytesOf(input, request)),
    requestDeserialize: (bytes) => fromBinary(input, bytes, { readUnknownFields: false }),
    responseSerialize: (answer) => bufferOf(bytesOf(output, answer)),
    responseDeserialize: (bytes) => fromBinary(output, bytes, { readUnknownFields: false }),
  };
}
