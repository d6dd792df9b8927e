// Checks what the server issued against what was asked for, before anybody uses it.
import type { KeyObject } from 'node:crypto';
import { parseCertificate } from '../pki/certificate.ts';
import { maxChainLength } from '../pki/chain.ts';
import { privateKeyDer, spkiOf } from '../pki/key.ts';
import { spiffeIdOfLeaf } from '../pki/svid-certificate.ts';
import { SignetError } from '../runtime/errors.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { X509Svid } from '../spiffe/svid.ts';

export interface Asked {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Undefined where the server chooses, as it does for agents. */
  readonly spiffeId?: SpiffeId;
}

/**
 * @param chain DER, leaf first
 * @throws SignetError `node.server_svid`
 */
export function acceptSvid(chain: readonly Uint8Array[], asked: Asked): X509Svid {
  try {
    const [first] = chain;
    if (first === undefined || chain.length > maxChainLength) throw new SignetError('chain.empty');
    const certificates = chain.map((der) => parseCertificate(Buffer.from(der)));
    const [leaf] = certificates;
    if (leaf === undefined) throw new SignetError('chain.empty');
    const spiffeId = spiffeIdOfLeaf(leaf);
    if (!leaf.spki.equals(spkiOf(asked.publicKey))) throw new SignetError('node.server_svid');
    if (asked.spiffeId !== undefined && asked.spiffeId !== spiffeId) {
      throw new SignetError('node.server_svid');
    }
    return {
      spiffeId,
      chain: certificates.map(({ der }) => der),
      privateKey: privateKeyDer(asked.privateKey),
      serial: leaf.serial,
      notBefore: leaf.notBefore,
      notAfter: leaf.notAfter,
    };
  } catch (cause) {
    throw new SignetError('node.server_svid', { cause });
  }
}
