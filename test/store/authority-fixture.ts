// Certificates for tests of authorities, made by openssl: a self-signed P-256 certificate each.
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import type { Authority } from '../../src/ca/authority.ts';
import { authorityId } from './builders.ts';

function certificateWith(serial: string): Uint8Array {
  const command = [
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null',
    `-subj /CN=root -days 3650 -set_serial 0x${serial}`,
  ].join(' ');
  const pem = execFileSync('openssl', command.split(' '), { encoding: 'utf8', stdio: 'pipe' });
  return Uint8Array.from(new X509Certificate(pem).raw);
}

/** Its serial is 0abc. */
export const certificate = certificateWith('0abc');
/** Its serial is 0def. */
export const otherCertificate = certificateWith('0def');

export function authority(changes: Partial<Authority> = {}): Authority {
  const id = changes.id ?? authorityId;
  return {
    role: 'root',
    state: 'prepared',
    parentId: id,
    certificate,
    notBefore: 1_893_450_000,
    notAfter: 2_208_988_800,
    createdAt: 1_893_456_000_000,
    ...changes,
    id,
  };
}
