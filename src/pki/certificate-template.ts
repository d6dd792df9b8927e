// Drafts leaf certificates of one issuer and profile. For what nearly all are, a P-256 key and a SPIFFE
// ID alone, the DER is prepared once for each length of ID and only what varies is copied in; all
// others are written out in the same layout.
import { hash } from 'node:crypto';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import { keyUsageBits } from './certificate-extensions.ts';
import {
  directoryString,
  extension,
  namedBits,
  octetString,
  oid,
  sequence,
  set,
  time,
  tlv,
  unsigned,
} from './der-writer.ts';
import { keyIdOf } from './key.ts';
import { attributeOid, extensionOid } from './oids.ts';
import type { Profile } from './profile.ts';
import { serialBytes } from './serial.ts';
import { ecdsaWithSha256 } from './signature-algorithm.ts';

export interface LeafFields {
  /** SubjectPublicKeyInfo DER, checked. */
  readonly spki: Buffer;
  readonly spiffeId: SpiffeId;
  /** Checked; the first becomes the common name (spire-server does so, too). */
  readonly dnsNames: readonly string[];
  /** Unix seconds. */
  readonly notBefore: number;
  /** Unix seconds. */
  readonly notAfter: number;
  /** 16 bytes of a SerialSource. */
  readonly serial: Uint8Array;
}

/** What a leaf takes from its issuer. */
export interface TemplateIssuer {
  /** Name DER. */
  readonly subject: Buffer;
  /** Lower-case hex. */
  readonly subjectKeyId: string;
}

type Unchecked = Omit<LeafFields, 'spiffeId'> & { readonly spiffeId: string };

interface Layout {
  readonly tbs: Buffer;
  readonly serial: number;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly spki: number;
  readonly keyId: number;
  readonly uri: number;
}

const version3 = Buffer.from('a003020102', 'hex');
const p256Head = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
const p256SpkiLength = 91;
const timeLength = 13;
const firstGeneralized = Date.UTC(2050, 0, 1) / 1000;

const attribute = (type: string, value: string): Buffer =>
  set(sequence(oid(type), directoryString(value)));
const country = attribute(attributeOid.country, 'US');
const organization = attribute(attributeOid.organization, 'SPIRE');

export class CertificateTemplate {
  readonly #issuerName: Buffer;
  readonly #authorityKeyId: Buffer;
  readonly #usages: Buffer;
  readonly #layouts = new Map<number, Layout>();
  readonly #notBefore = utcText();
  readonly #notAfter = utcText();

  constructor(issuer: TemplateIssuer, profile: Profile) {
    const { keyUsage, extendedKeyUsage } = profile;
    this.#issuerName = issuer.subject;
    const issuerKeyId = Buffer.from(issuer.subjectKeyId, 'hex');
    this.#authorityKeyId = extension(extensionOid.authorityKeyId, sequence(tlv(0x80, issuerKeyId)));
    this.#usages = Buffer.concat([
      extension(extensionOid.keyUsage, namedBits(keyUsageBits(keyUsage)), true),
      extension(extensionOid.extendedKeyUsage, sequence(...extendedKeyUsage.map(oid))),
      extension(extensionOid.basicConstraints, sequence(), true),
    ]);
  }

  /**
   * The TBSCertificate, for the lint to check and sign to sign.
   *
   * @throws SignetError `der.time`
   */
  draft(fields: LeafFields): Buffer {
    const { spki, spiffeId, dnsNames, notBefore, notAfter } = fields;
    const isPlain =
      dnsNames.length === 0 &&
      Math.max(notBefore, notAfter) < firstGeneralized &&
      spki.length === p256SpkiLength &&
      spki.compare(p256Head, 0, p256Head.length, 0, p256Head.length) === 0;
    if (!isPlain) return this.#write(fields);

    const layout = this.#layouts.get(spiffeId.length) ?? this.#prepare(spiffeId.length);
    const tbs = Buffer.allocUnsafe(layout.tbs.length);
    layout.tbs.copy(tbs);
    tbs.set(fields.serial, layout.serial);
    tbs.write(this.#notBefore(notBefore), layout.notBefore, 'latin1');
    tbs.write(this.#notAfter(notAfter), layout.notAfter, 'latin1');
    spki.copy(tbs, layout.spki);
    hash('sha1', spki.subarray(p256Head.length), 'buffer').copy(tbs, layout.keyId);
    tbs.write(spiffeId, layout.uri, 'latin1');
    return tbs;
  }

  #write(fields: Unchecked, keyId = keyIdOf(fields.spki)): Buffer {
    const { spki, spiffeId, dnsNames, notBefore, notAfter, serial } = fields;
    const commonName = dnsNames.slice(0, 1).map((name) => attribute(attributeOid.commonName, name));
    const names = [
      tlv(0x86, Buffer.from(spiffeId, 'latin1')),
      ...dnsNames.map((name) => tlv(0x82, Buffer.from(name, 'latin1'))),
    ];
    return sequence(
      version3,
      unsigned(serial),
      ecdsaWithSha256.der,
      this.#issuerName,
      sequence(time(notBefore), time(notAfter)),
      sequence(country, organization, ...commonName),
      spki,
      tlv(
        0xa3,
        sequence(
          this.#usages,
          extension(extensionOid.subjectKeyId, octetString(keyId)),
          this.#authorityKeyId,
          extension(extensionOid.subjectAltName, sequence(...names)),
        ),
      ),
    );
  }

  /** Writes one out with fillers, and finds where each went. */
  #prepare(uriLength: number): Layout {
    const filler = {
      serial: Buffer.alloc(serialBytes, 0x71),
      spki: Buffer.alloc(p256SpkiLength, 0xf4),
      keyId: Buffer.alloc(20, 0xf5),
      uri: Buffer.alloc(uriLength, 0xf6),
    };
    const fields = {
      spki: filler.spki,
      spiffeId: filler.uri.toString('latin1'),
      dnsNames: [],
      notBefore: 0,
      notAfter: 0,
      serial: filler.serial,
    };
    const tbs = this.#write(fields, filler.keyId);
    const validity = sequence(time(0), time(0));
    const issuer = tbs.indexOf(this.#issuerName);
    const timeAt = tbs.indexOf(validity, issuer + this.#issuerName.length) + 4;
    const layout: Layout = {
      tbs,
      serial: tbs.indexOf(filler.serial),
      notBefore: timeAt,
      notAfter: timeAt + timeLength + 2,
      spki: tbs.indexOf(filler.spki, timeAt),
      keyId: tbs.indexOf(filler.keyId, timeAt),
      uri: tbs.indexOf(filler.uri, timeAt),
    };
    this.#layouts.set(uriLength, layout);
    return layout;
  }
}

/** Unix seconds as UTCTime. The last text is kept: all certificates of a second share it. */
function utcText(): (seconds: number) => string {
  let last = -1;
  let text = '';
  return (seconds) => {
    if (seconds !== last) {
      text = time(seconds).toString('latin1', 2);
      last = seconds;
    }
    return text;
  };
}
