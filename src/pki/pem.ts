// PEM, the text form of DER (RFC 7468): read in one pass, under a limit that is checked before it.
import { SignetError } from '../runtime/errors.ts';

/** Upper bound on the text of one certificate or request. */
export const maxPemBytes = 16 * 1024;

const lineLength = 64;

/** One block with lines of 64 characters and a newline at the end. */
export function encodePem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der).toString('base64');
  const lines = base64.match(new RegExp(`.{1,${String(lineLength)}}`, 'g')) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/**
 * The DER of every block with this label, in order. Text around blocks and blocks of other labels
 * are passed over; the result may be empty.
 *
 * @param maxLength in UTF-16 units; longer text is refused unread
 * @throws SignetError `pem.too_long`, `pem.malformed`
 */
export function decodePem(text: string, label: string, maxLength = maxPemBytes): Buffer[] {
  if (text.length > maxLength) {
    throw new SignetError('pem.too_long', { details: { limit: maxLength } });
  }
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  const blocks: Buffer[] = [];
  for (let from = text.indexOf(begin); from !== -1;) {
    const start = from + begin.length;
    const stop = text.indexOf(end, start);
    if (stop === -1) throw new SignetError('pem.malformed');
    blocks.push(decodeBase64(text.slice(start, stop)));
    from = text.indexOf(begin, stop + end.length);
  }
  return blocks;
}

/** Base64 in the one spelling that encoders produce, apart from white space. */
function decodeBase64(text: string): Buffer {
  const base64 = text.replaceAll(/[ \t\r\n]+/g, '');
  const der = Buffer.from(base64, 'base64');
  if (der.length === 0 || der.toString('base64') !== base64) throw new SignetError('pem.malformed');
  return der;
}
