import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { encodeDelta, encodeSotw } from '../../../src/api/sds/response.ts';
import { plainBundleSecret, secretTypeUrl as typeUrl } from '../../../src/api/sds/secret.ts';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '../../../src/gen/envoy/service/discovery/v3/discovery_pb.js';
import { testBundle } from '../../support/identity-source.ts';
import { testCa } from '../../support/test-ca.ts';

const secret = plainBundleSecret('ROOTCA', testBundle(await testCa()));
const { version, resource } = secret;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('encodeSotw', () => {
  it.each(['1', '2'])(
    'is, byte for byte, the response with its one resource, nonce %s',
    (nonce) => {
      const message = { versionInfo: version, resources: [resource], typeUrl, nonce };
      const whole = toBinary(DiscoveryResponseSchema, create(DiscoveryResponseSchema, message));
      expect(hex(encodeSotw(secret, nonce))).toBe(hex(whole));
    },
  );
});

describe('encodeDelta', () => {
  const whole = (message: object) =>
    hex(
      toBinary(
        DeltaDiscoveryResponseSchema,
        create(DeltaDiscoveryResponseSchema, { typeUrl, ...message }),
      ),
    );

  it.each(['1', '2'])('is, byte for byte, the resource under its name, nonce %s', (nonce) => {
    // and without a ttl, for a lost server must not take good certificates with it
    const resources = [{ name: 'ROOTCA', version, resource }];
    const message = { systemVersionInfo: version, resources, nonce };
    expect(hex(encodeDelta('ROOTCA', secret, nonce))).toBe(whole(message));
  });

  it('tells what is gone', () => {
    const response = whole({ removedResources: ['gone'] });
    const nonce = '2a0133'; // of proto field 5, "3", which comes last here
    expect(hex(encodeDelta('gone', undefined, '3'))).toBe(response + nonce);
  });
});
