import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { readNode } from '../../../src/api/sds/node.ts';
import { NodeSchema } from '../../../src/gen/envoy/config/core/v3/base_pb.js';

const read = (node: MessageInitShape<typeof NodeSchema>) => readNode(create(NodeSchema, node));
const version = (majorNumber: number, minorNumber: number) => ({
  userAgentVersionType: {
    case: 'userAgentBuildVersion' as const,
    value: { version: { majorNumber, minorNumber, patch: 0 } },
  },
});

describe('readNode', () => {
  it.each([
    { what: 'true', node: { metadata: { disable_spiffe_cert_validation: true } } },
    { what: 'the text true', node: { metadata: { disable_spiffe_cert_validation: 'true' } } },
    { what: 'an Envoy 1.17', node: version(1, 17) },
    { what: 'an Envoy 0.9', node: version(0, 9) },
  ])('reads from $what that the default validator is wanted', ({ node }) => {
    expect(read(node).validator).toBe('plain');
  });

  it.each([
    { what: 'nothing', node: {} },
    { what: 'false', node: { metadata: { disable_spiffe_cert_validation: false } } },
    { what: 'another text', node: { metadata: { disable_spiffe_cert_validation: 'yes' } } },
    { what: 'an Envoy 1.18', node: version(1, 18) },
    { what: 'an Envoy 2.0', node: version(2, 0) },
  ])('reads from $what that it is up to us', ({ node }) => {
    expect(read(node).validator).toBeUndefined();
  });

  it('takes the id as text to be shown, and a node that is missing as nobody', () => {
    expect(read({ id: `web\n${'x'.repeat(1000)}` }).id).toMatch(/^web\u{FFFD}x{252}$/u);
    expect(readNode(undefined)).toEqual({ id: '', validator: undefined });
  });
});
