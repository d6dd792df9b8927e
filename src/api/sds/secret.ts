// A Secret in its wire form. The bytes are the same on every replica for the same content (fixed order
// of fields, trust domains sorted, no maps), for Envoy hashes them and rebuilds its TLS contexts when
// they differ.
import { createHash } from 'node:crypto';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack, AnySchema } from '@bufbuild/protobuf/wkt';
import { CertificateValidationContextSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { SecretSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { SPIFFECertValidatorConfigSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config_pb.js';
import { formatBundlePem } from '../../pki/bundle-format.ts';
import { encodePem } from '../../pki/pem.ts';
import type { X509Bundle } from '../../spiffe/bundle.ts';
import type { X509Svid } from '../../spiffe/svid.ts';
import type { Version } from './subscription.ts';

/** The only type of resource there is (envoy-sds 1). */
export const secretTypeUrl = `type.googleapis.com/${SecretSchema.typeName}`;

/**
 * What a sidecar checks the certificates of its peers with: Envoy's SPIFFE validator, which keeps the
 * roots of each trust domain to itself, or its default one, which takes a heap of roots.
 */
export type Validator = 'plain' | 'spiffe';

export interface EncodedSecret {
  readonly name: string;
  /** SHA-256 of the Secret's bytes in lower-case hex. */
  readonly version: Version;
  readonly resource: Any;
}

type SecretType = NonNullable<MessageInitShape<typeof SecretSchema>['type']>;

/** An SVID as tls_certificate: leaf and intermediates, no root. */
export function certificateSecret(name: string, { chain, privateKey }: X509Svid): EncodedSecret {
  const certificates = chain.map((der) => encodePem('CERTIFICATE', der)).join('');
  return encode(name, {
    case: 'tlsCertificate',
    value: {
      certificateChain: inline(certificates),
      privateKey: inline(encodePem('PRIVATE KEY', privateKey)),
    },
  });
}

/** The roots of one trust domain as validation_context for Envoy's default validator. */
export function plainBundleSecret(name: string, bundle: X509Bundle): EncodedSecret {
  const value = { trustedCa: inline(formatBundlePem(bundle)) };
  return encode(name, { case: 'validationContext', value });
}

/** The roots of trust domains as validation_context for Envoy's SPIFFE validator. */
export function spiffeBundleSecret(name: string, bundles: readonly X509Bundle[]): EncodedSecret {
  const sorted = bundles.toSorted((a, b) => (a.trustDomain < b.trustDomain ? -1 : 1));
  const trustDomains = sorted.map((bundle) => ({
    name: bundle.trustDomain,
    trustBundle: inline(formatBundlePem(bundle)),
  }));
  const config = create(SPIFFECertValidatorConfigSchema, { trustDomains });
  const value = create(CertificateValidationContextSchema, {
    customValidatorConfig: {
      name: 'envoy.tls.cert_validator.spiffe',
      typedConfig: anyPack(SPIFFECertValidatorConfigSchema, config),
    },
  });
  return encode(name, { case: 'validationContext', value });
}

function encode(name: string, type: SecretType): EncodedSecret {
  const value = toBinary(SecretSchema, create(SecretSchema, { name, type }));
  const version = createHash('sha256').update(value).digest('hex');
  return { name, version, resource: create(AnySchema, { typeUrl: secretTypeUrl, value }) };
}

function inline(pem: string) {
  return { specifier: { case: 'inlineBytes' as const, value: Buffer.from(pem) } };
}
