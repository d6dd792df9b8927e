import { anyPack } from '@bufbuild/protobuf/wkt';
import { create } from '@bufbuild/protobuf';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  PermissionDeniedDetails_Reason as Denied,
  PermissionDeniedDetailsSchema,
  StatusSchema,
} from '../../src/gen/spire/api/types/status_pb.js';
import { fromStatus, RpcFailure, RpcStatus, statusNumber, toStatus } from '../../src/rpc/status.ts';
import { SignetError } from '../../src/runtime/errors.ts';
import { type Code, reasons } from '../../src/runtime/reasons.ts';

const denied = anyPack(
  PermissionDeniedDetailsSchema,
  create(PermissionDeniedDetailsSchema, { reason: Denied.AGENT_BANNED }),
);

/** What a client is handed for a status. */
function received(thrown: unknown): RpcFailure {
  const sent = toStatus(thrown, 'request-1');
  const failure = fromStatus(Object.assign(new Error('x'), sent) satisfies ServiceError);
  if (!(failure instanceof RpcFailure)) throw new Error('not a failure of a call');
  return failure;
}

const codes = [...new Set(Object.values(reasons).map(({ code }) => code))];

describe('the status of a SignetError', () => {
  it.each(codes)('has the number gRPC gives to %s, and comes back as that code', (code) => {
    const error = new RpcStatus('rpc.unknown', { wording: { code, text: 'text' } });
    const name = code.toUpperCase() as Uppercase<Code>;
    expect(toStatus(error, '').code).toBe(status[name]);
    expect(statusNumber(code)).toBe(status[name]);
    expect(received(error)).toMatchObject({ code, reason: `rpc.${code}`, text: 'text' });
  });

  it('says its message and its reason', () => {
    const sent = toStatus(new SignetError('spiffe_id.scheme'), 'request-1');
    expect(sent).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(sent.details).toBe(reasons['spiffe_id.scheme'].message);
    expect(sent.metadata.getMap()).toEqual({
      'signet-reason': 'spiffe_id.scheme',
      'signet-request-id': 'request-1',
    });
  });

  it.each([
    ['what nobody classified', new Error('secret')],
    ['an internal rule', new SignetError('leaf.packing', { cause: new Error('secret') })],
    ['something that is no error', 'secret'],
  ])('hides the text and the reason of %s', (_name, thrown) => {
    const sent = toStatus(thrown, 'request-1');
    expect(sent.code).toBe(status.INTERNAL);
    expect(sent.details).toBe(reasons.internal.message);
    expect(sent.metadata.get('signet-reason')).toEqual(['internal']);
  });

  it('never carries details or cause', () => {
    const error = new SignetError('spiffe_id.scheme', {
      details: { at: 'secret' },
      cause: new Error('secret'),
    });
    expect(
      JSON.stringify([toStatus(error, ''), toStatus(error, '').metadata.toJSON()]),
    ).not.toContain('secret');
  });

  it('takes the words of a protocol in place of its own, and messages for programs', () => {
    const error = new RpcStatus('rpc.not_found', {
      wording: { code: 'permission_denied', text: 'agent is banned', attachments: [denied] },
    });
    const failure = received(error);
    expect(failure).toMatchObject({
      code: 'permission_denied',
      status: status.PERMISSION_DENIED,
      text: 'agent is banned',
      remoteReason: 'rpc.not_found',
    });
    expect(failure.attachment(PermissionDeniedDetailsSchema)?.reason).toBe(Denied.AGENT_BANNED);
    expect(failure.attachment(StatusSchema)).toBeUndefined();
  });
});

describe('the failure of a call', () => {
  const serviceError = (changes: Partial<ServiceError>): ServiceError =>
    Object.assign(new Error('x'), { code: 5, details: 'd', metadata: new Metadata(), ...changes });

  it('is unknown when the server said nothing else', () => {
    expect(fromStatus(serviceError({ code: status.UNKNOWN }))).toMatchObject({
      reason: 'rpc.unknown',
    });
    expect(fromStatus(serviceError({ code: 99 as status }))).toMatchObject({
      reason: 'rpc.unknown',
      status: 99,
    });
  });

  it('keeps the words of the server out of its own message', () => {
    const failure = fromStatus(serviceError({ details: 'hostile' }));
    expect(failure.message).toBe(reasons['rpc.not_found'].message);
  });

  it('stands without details that cannot be read', () => {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from([0xff, 0xff, 0xff]));
    const failure = fromStatus(serviceError({ metadata }));
    expect(failure).toMatchObject({ reason: 'rpc.not_found', attachments: [] });
  });

  it('passes errors of ours through, and takes what is no call for internal', () => {
    const ours = new SignetError('rpc.cancelled');
    expect(fromStatus(ours)).toBe(ours);
    expect(fromStatus(new TypeError('x'))).toMatchObject({ reason: 'internal' });
  });
});
