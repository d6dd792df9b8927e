import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import type { EncodedSecret } from '../../../src/api/sds/secret.ts';
import {
  certificateSecret,
  plainBundleSecret,
  secretTypeUrl,
  spiffeBundleSecret,
} from '../../../src/api/sds/secret.ts';
import type { DataSource } from '../../../src/gen/envoy/config/core/v3/base_pb.js';
import { SecretSchema } from '../../../src/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { SPIFFECertValidatorConfigSchema } from '../../../src/gen/envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config_pb.js';
import { decodePem } from '../../../src/pki/pem.ts';
import { testBundle, testSvid } from '../../support/identity-source.ts';
import { openssl } from '../../support/openssl.ts';
import { testCa } from '../../support/test-ca.ts';

const ca = await testCa();
const other = await testCa({ trustDomain: 'a.example' });
const svid = testSvid(ca);

const decode = ({ resource }: EncodedSecret) => fromBinary(SecretSchema, resource.value);
const textOf = (source: DataSource | undefined) => {
  if (source?.specifier.case !== 'inlineBytes') throw new Error('not inline');
  return Buffer.from(source.specifier.value).toString();
};

describe('certificateSecret', () => {
  it('has the leaf first, then its issuer, and the key as PKCS #8', () => {
    const secret = certificateSecret('default', svid);
    const { name, type } = decode(secret);
    if (type.case !== 'tlsCertificate') throw new Error('another type');
    expect(name).toBe('default');
    const chain = textOf(type.value.certificateChain);
    expect(decodePem(chain, 'CERTIFICATE')).toEqual(svid.chain);
    const key = textOf(type.value.privateKey);
    expect(decodePem(key, 'PRIVATE KEY')).toEqual([Buffer.from(svid.privateKey)]);
    const spki = openssl(['pkey', '-in', 'key.pem', '-pubout'], { 'key.pem': key });
    const ofLeaf = openssl(['x509', '-in', 'leaf.pem', '-noout', '-pubkey'], { 'leaf.pem': chain });
    expect(spki.text).toBe(ofLeaf.text);
  });

  it('is the same for the same content, and another for another name or content', () => {
    const { version } = certificateSecret('default', svid);
    expect(version).toMatch(/^[0-9a-f]{64}$/);
    expect(certificateSecret('default', { ...svid }).version).toBe(version);
    expect(certificateSecret('other', svid).version).not.toBe(version);
    expect(certificateSecret('default', testSvid(ca)).version).not.toBe(version);
  });

  it('names its type', () => {
    expect(certificateSecret('default', svid).resource.typeUrl).toBe(secretTypeUrl);
    expect(secretTypeUrl).toBe(
      'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
    );
  });
});

describe('plainBundleSecret', () => {
  it('has the roots as trusted CA, and no validator of its own', () => {
    const { type } = decode(plainBundleSecret('ROOTCA', testBundle(ca)));
    if (type.case !== 'validationContext') throw new Error('another type');
    expect(decodePem(textOf(type.value.trustedCa), 'CERTIFICATE')).toEqual([ca.root.der]);
    expect(type.value.customValidatorConfig).toBeUndefined();
  });
});

describe('spiffeBundleSecret', () => {
  const bundles = [testBundle(ca), testBundle(other)];

  it('has the roots of each trust domain apart, sorted by its name', () => {
    const { type } = decode(spiffeBundleSecret('ALL', bundles));
    if (type.case !== 'validationContext') throw new Error('another type');
    expect(type.value.trustedCa).toBeUndefined();
    const { name, typedConfig } = type.value.customValidatorConfig ?? {};
    expect(name).toBe('envoy.tls.cert_validator.spiffe');
    const config = typedConfig && anyUnpack(typedConfig, SPIFFECertValidatorConfigSchema);
    expect(
      config?.trustDomains.map((domain) => [
        domain.name,
        decodePem(textOf(domain.trustBundle), 'CERTIFICATE'),
      ]),
    ).toEqual([
      ['a.example', [other.root.der]],
      ['prod.example', [ca.root.der]],
    ]);
  });

  it('is the same in whatever order the bundles come', () => {
    const { version } = spiffeBundleSecret('ALL', bundles);
    expect(spiffeBundleSecret('ALL', bundles.toReversed()).version).toBe(version);
  });
});
