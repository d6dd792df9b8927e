// SPIFFE IDs and selectors as SPIRE's messages carry them: in two parts each, which are checked apart
// so that no part can smuggle in what belongs to the other.
import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  Selector as SelectorMessage,
  SelectorSchema,
} from '../../gen/spire/api/types/selector_pb.js';
import type { SPIFFEID, SPIFFEIDSchema } from '../../gen/spire/api/types/spiffeid_pb.js';
import { SignetError } from '../../runtime/errors.ts';
import { type Selector, selector, selectorParts } from '../../spiffe/selector.ts';
import { pathOf, type SpiffeId, spiffeId, trustDomainOf } from '../../spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../../spiffe/trust-domain.ts';

/** spire.api.types.SPIFFEID (spire-api D4). */
export function idToProto(id: SpiffeId): MessageInitShape<typeof SPIFFEIDSchema> {
  return { trustDomain: trustDomainOf(id), path: pathOf(id) };
}

/**
 * @throws SignetError `api.missing_id` if there is none, `api.id_path` if its path does not begin with a
 * slash, `spiffe_id.*`, `trust_domain.*`
 */
export function idFromProto(message: SPIFFEID | undefined): SpiffeId {
  if (message === undefined) throw new SignetError('api.missing_id');
  const trustDomain = parseTrustDomain(message.trustDomain);
  const [before, ...segments] = message.path.split('/');
  if (before !== '') throw new SignetError('api.id_path');
  return spiffeId(trustDomain, ...segments);
}

/** spire.api.types.Selector (spire-api D4). */
export function selectorToProto(text: Selector): MessageInitShape<typeof SelectorSchema> {
  return selectorParts(text);
}

/** @throws SignetError `selector.*` */
export function selectorFromProto({ type, value }: SelectorMessage): Selector {
  return selector(type, value);
}
