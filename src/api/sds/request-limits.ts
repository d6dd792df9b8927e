// What a request may ask for before any of it is looked at: a name is no longer than a SPIFFE ID, and a
// stream has at most a thousand of them, 2 MB together. A sidecar has one name a stream.
import { SignetError } from '../../runtime/errors.ts';
import { secretTypeUrl } from './secret.ts';

const mostNames = 1000;
const longestName = 2048;

/** @throws SignetError `sds.type_url`; empty stands for Secret on this service (envoy-sds 3.2) */
export function checkTypeUrl(typeUrl: string): void {
  if (typeUrl !== '' && typeUrl !== secretTypeUrl) throw new SignetError('sds.type_url');
}

/** @throws SignetError `sds.too_many_names`, `sds.name_too_long` */
export function checkNames(names: readonly string[]): void {
  checkCount(names.length);
  if (names.some((name) => Buffer.byteLength(name) > longestName)) {
    throw new SignetError('sds.name_too_long', { details: { limit: longestName } });
  }
}

/** @throws SignetError `sds.too_many_names` */
function checkCount(count: number): void {
  if (count > mostNames)
    throw new SignetError('sds.too_many_names', { details: { limit: mostNames } });
}
