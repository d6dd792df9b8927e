// A message in its wire form, so that what goes to many streams is encoded once.
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

/** The bytes of one message, branded with its descriptor: they fit no other message's place. */
export class EncodedMessage<Desc extends DescMessage = DescMessage> {
  readonly schema: Desc;
  readonly bytes: Uint8Array;

  constructor(schema: Desc, bytes: Uint8Array) {
    this.schema = schema;
    this.bytes = bytes;
  }
}

/** What a handler may answer with. */
export type Answer<Desc extends DescMessage> = MessageInitShape<Desc> | EncodedMessage<Desc>;

/** Encodes a message for sending it to many streams. */
export function encodeMessage<Desc extends DescMessage>(
  schema: Desc,
  message: MessageInitShape<Desc>,
): EncodedMessage<Desc> {
  return new EncodedMessage(schema, toBinary(schema, create(schema, message)));
}

/** The wire form of an answer, encoded only if it is not so already. */
export function bytesOf<Desc extends DescMessage>(schema: Desc, answer: Answer<Desc>): Uint8Array {
  if (!(answer instanceof EncodedMessage)) return toBinary(schema, create(schema, answer));
  if (answer.schema.typeName !== schema.typeName) {
    throw new TypeError(`${answer.schema.typeName} sent in place of ${schema.typeName}`);
  }
  return answer.bytes;
}
