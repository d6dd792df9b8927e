// What an Envoy says of itself, once at the start of a stream. None of it proves anything.
import type { Node } from '../../gen/envoy/config/core/v3/base_pb.js';
import type { Validator } from './secret.ts';
import { printable } from './printable.ts';

export interface ClaimedNode {
  readonly id: string;
  /** The validator it needs, if it says so. */
  readonly validator: Validator | undefined;
}

const longestId = 256;

export function readNode(node: Node | undefined): ClaimedNode {
  const isPlain = node !== undefined && (asksForPlain(node) || isOld(node));
  return { id: printable(node?.id ?? '', longestId), validator: isPlain ? 'plain' : undefined };
}

/** SPIRE's key, as a boolean or as text, for Envoy's command line makes all metadata text. */
function asksForPlain({ metadata }: Node): boolean {
  const flag = metadata?.['disable_spiffe_cert_validation'];
  return flag === true || flag === 'true';
}

/** Envoy has the SPIFFE validator since 1.18. */
function isOld({ userAgentVersionType: agent }: Node): boolean {
  if (agent.case !== 'userAgentBuildVersion' || agent.value.version === undefined) return false;
  const { majorNumber, minorNumber } = agent.value.version;
  return majorNumber < 1 || (majorNumber === 1 && minorNumber < 18);
}
