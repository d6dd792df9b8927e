// Keys, certificates and requests.
import { internal, invalidArgument, type Row, unauthenticated, unavailable } from './row.ts';

export const pkiReasons = {
  'der.tag': invalidArgument('the DER holds another element than the structure has here'),
  'der.length': invalidArgument(
    'a length in DER is definite, as short as possible and within its surroundings (X.690 10.1)',
  ),
  'der.trailing': invalidArgument('the DER goes on after its structure has ended: remove the rest'),
  'der.integer': invalidArgument(
    'an integer is not negative and in its shortest form here (X.690 8.3)',
  ),
  'der.boolean': invalidArgument(
    'a boolean in DER is TRUE as FF, and a FALSE that is the default is left out (X.690 11.1, 11.5)',
  ),
  'der.bit_string': invalidArgument('a bit string has clean unused bits and no zeros at the end'),
  'der.time': invalidArgument(
    'a time is UTCTime through 2049 and GeneralizedTime from 2050, in whole seconds, Zulu (RFC 5280 4.1.2.5)',
  ),
  'pem.too_long': invalidArgument('the PEM text is longer than allowed: send only what is needed'),
  'pem.malformed': invalidArgument(
    'a PEM block is BEGIN line, base64 and END line, without headers (RFC 7468)',
  ),

  'key.algorithm': invalidArgument(
    'the public key is none of P-256, P-384 and RSA, or not encoded as RFC 5480 and 3279 say: make a P-256 key',
  ),
  'key.size': invalidArgument('an RSA key has 2048 to 4096 bits: make a P-256 key instead'),
  'key.exponent': invalidArgument('an RSA exponent is odd, at least 65537 and at most 40 bits'),
  'key.weak': invalidArgument(
    'the RSA modulus can be factored with little effort: make another key',
  ),
  'key.malformed': invalidArgument('the key cannot be read: check its format, or make another one'),

  'csr.too_long': invalidArgument('a certificate request has at most 16384 bytes'),
  'csr.version': invalidArgument('the version of a certificate request is 0 (RFC 2986 4.1)'),
  'csr.algorithm': invalidArgument(
    'a request is signed by its own key with SHA-256, SHA-384 or SHA-512, RSA as PKCS #1 v1.5',
  ),
  'csr.possession': invalidArgument(
    'the signature of the request does not fit its key: sign it with the private key',
  ),
  'csr.duplicate': invalidArgument('a request has each attribute and each extension at most once'),
  'csr.uris': invalidArgument('a request names at most one URI, the SPIFFE ID'),

  'der.oid': invalidArgument('an object identifier is malformed or has more than 32 bytes'),
  'names.dns': invalidArgument(
    'a DNS name is a host name of letters, digits and hyphens, *. allowed before it (RFC 1123 2.1)',
  ),
  'names.covered': invalidArgument(
    'a DNS name is given twice, or covered by a wildcard beside it: leave it out',
  ),
  'names.empty': invalidArgument('a list of names must not be empty (RFC 5280 4.2.1.6)'),
  'names.too_many': invalidArgument(
    'there are more names than one certificate may have: split them',
  ),
  'names.character': invalidArgument('a name holds printable ASCII only'),
  'name_constraints.malformed': invalidArgument(
    'a name constraint is a host, a leading period allowed, and at most 256 are given (RFC 5280 4.2.1.10)',
  ),

  'certificate.too_long': invalidArgument('a certificate has at most 32768 bytes'),
  'certificate.version': invalidArgument('a certificate is of version 3, with extensions'),
  'certificate.serial': invalidArgument('a serial number has at most 20 bytes (RFC 5280 4.1.2.2)'),
  'certificate.algorithm': invalidArgument(
    'a certificate names the same signature algorithm inside and outside (RFC 5280 4.1.1.2)',
  ),
  'certificate.extension': invalidArgument(
    'the extensions of a certificate are malformed, doubled or more than 64 (RFC 5280 4.2)',
  ),

  'svid.uris': invalidArgument('an X.509-SVID has exactly one URI, its SPIFFE ID (X509-SVID 2)'),
  'svid.path': invalidArgument('the SPIFFE ID of a leaf has a path, and that of a CA has none'),
  'svid.signing': invalidArgument(
    'a leaf is no CA, and may sign neither certificates nor CRLs (X509-SVID 4)',
  ),
  'svid.not_signing': invalidArgument('an authority is a CA with keyCertSign (X509-SVID 4.1, 4.3)'),
  'svid.key_usage': invalidArgument('a leaf has a key usage with digitalSignature (X509-SVID 4.3)'),

  'profile.ttl': invalidArgument(
    'a profile lets certificates live whole seconds, at most 24 hours, its default no longer than its maximum',
  ),
  'profile.backdate': invalidArgument('a profile backdates by 0 to 600 whole seconds'),
  'profile.key_usage': invalidArgument(
    'a profile of leaves has digitalSignature and neither keyCertSign nor cRLSign',
  ),
  'profile.extended_key_usage': invalidArgument(
    'a profile has exactly serverAuth and clientAuth as extended key usage',
  ),

  'lint.version': internal('refused to sign: the draft is not of version 3; report this as a bug'),
  'lint.serial': internal('refused to sign: the serial is not ours; report this as a bug'),
  'lint.algorithm': internal('refused to sign: another algorithm is named; report this as a bug'),
  'lint.issuer': internal(
    'refused to sign: the issuer or its key is another; report this as a bug',
  ),
  'lint.validity': internal(
    'refused to sign: the validity is not as ordered; report this as a bug',
  ),
  'lint.outlives_issuer': internal(
    'refused to sign: it would outlive its issuer; report this as a bug',
  ),
  'lint.subject': internal('refused to sign: the subject is another; report this as a bug'),
  'lint.key': internal(
    'refused to sign: the key is not the one ordered, or the key of the issuer; report this as a bug',
  ),
  'lint.extension': internal(
    'refused to sign: an extension is missing, in excess or out of place; report this as a bug',
  ),
  'lint.key_usage': internal('refused to sign: the key usage is another; report this as a bug'),
  'lint.extended_key_usage': internal(
    'refused to sign: the extended key usage is another; report this as a bug',
  ),
  'lint.basic_constraints': internal(
    'refused to sign: the basic constraints are not as ordered; report this as a bug',
  ),
  'lint.key_id': internal('refused to sign: a key identifier is wrong; report this as a bug'),
  'lint.names': internal('refused to sign: the names are not those ordered; report this as a bug'),
  'lint.name_constraints': internal(
    'refused to sign: the name constraints are not those of the trust domain; report this as a bug',
  ),
  'lint.used': internal('refused to sign: a draft is signed once; lint another one'),

  'serial.randomness': unavailable(
    'the random source failed, so nothing is signed: check the kernel of this machine, then restart',
  ),
  'serial.clock': unavailable('the clock is not set, so nothing is signed: set it'),

  'chain.empty': unauthenticated('no certificate was presented'),
  'chain.too_long': unauthenticated('a chain has at most 8 certificates'),
  'chain.too_many_checks': unauthenticated('the chain needs more than 10 signature checks'),
  'chain.algorithm': unauthenticated(
    'a certificate is signed with something else than ECDSA or RSA (PKCS #1 v1.5) and SHA-2',
  ),
  'chain.untrusted': unauthenticated(
    'no root in the bundle has signed the chain: check trust domain, bundle and order of the chain',
  ),
  'chain.validity': unauthenticated(
    'a certificate of the chain has expired or is not valid yet: renew it, or check the clocks',
  ),
  'chain.critical_extension': unauthenticated(
    'a certificate of the chain has a critical extension we do not know (RFC 5280 4.2)',
  ),
  'chain.not_a_ca': unauthenticated('a certificate of the chain was signed by one that is no CA'),
  'chain.path_length': unauthenticated('the chain is longer than one of its CAs allows'),
  'chain.name_constraints': unauthenticated(
    'a certificate has names that a CA above it may not certify (RFC 5280 4.2.1.10)',
  ),
  'chain.usage': unauthenticated('the extended key usage of the leaf is not for this side of TLS'),

  'bundle.malformed': invalidArgument(
    'a bundle is a JWK Set with keys, and whole numbers as sequence and refresh hint',
  ),
  'bundle.empty': invalidArgument('the bundle holds no certificate: export it again'),
  'bundle.authority': invalidArgument('a bundle holds well-formed CA certificates only'),
  'bundle.too_many': invalidArgument('a bundle has at most 1000 authorities'),
  'bundle.too_long': invalidArgument('a bundle has at most 4 MiB of text'),
} satisfies Record<string, Row>;
