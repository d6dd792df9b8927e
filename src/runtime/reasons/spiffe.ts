// Values of the SPIFFE standards: names, selectors, bundles.
import { invalidArgument, type Row } from './row.ts';

export const spiffeReasons = {
  'trust_domain.missing': invalidArgument('a trust domain name must not be empty (SPIFFE-ID 2.1)'),
  'trust_domain.too_long': invalidArgument(
    'a trust domain name has at most 255 bytes (SPIFFE-ID 2.3): shorten it',
  ),
  'trust_domain.character': invalidArgument(
    'a trust domain name holds only a-z 0-9 . - _, hence no upper case, port, user or percent-encoding (SPIFFE-ID 2.1)',
  ),
  'spiffe_id.scheme': invalidArgument(
    'a SPIFFE ID begins with spiffe:// in lower case (SPIFFE-ID 2)',
  ),
  'spiffe_id.too_long': invalidArgument(
    'a SPIFFE ID has at most 2048 bytes (SPIFFE-ID 2.3): shorten its path',
  ),
  'spiffe_id.empty_segment': invalidArgument(
    'a path has no empty segment (SPIFFE-ID 2.2): remove doubled and trailing slashes',
  ),
  'spiffe_id.dot_segment': invalidArgument(
    'a path segment is neither . nor .. (SPIFFE-ID 2.2): write the path out',
  ),
  'spiffe_id.character': invalidArgument(
    'a path segment holds only a-z A-Z 0-9 . - _, hence no query, fragment or percent-encoding (SPIFFE-ID 2.2)',
  ),
  'selector.type': invalidArgument(
    'a selector is type:value, its type not empty and without a colon',
  ),
  'selector.value': invalidArgument('a selector is type:value, its value not empty'),
} satisfies Record<string, Row>;
