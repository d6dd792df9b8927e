// Speaks REST to a server, over a Unix socket or a loopback address.
import { type IncomingMessage, request as httpRequest } from 'node:http';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { SignetError } from '../runtime/errors.ts';
import type { ServerAddress } from './address.ts';
import { refusalOf } from './refusal.ts';

export interface Call {
  readonly method?: 'DELETE' | 'GET' | 'PATCH' | 'POST';
  /** With its parts percent-encoded. */
  readonly path: string;
  /** Left out where undefined. */
  readonly query?: Readonly<
    Record<string, string | number | boolean | readonly string[] | undefined>
  >;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer<T> {
  readonly value: T;
  readonly etag: string | undefined;
  /** Where in the log a write is recorded. */
  readonly logIndex: number | undefined;
}

const timeoutMs = 30_000;
const maxAnswerBytes = 32 * 1024 * 1024;

export class RestClient {
  readonly #address: ServerAddress;
  readonly #signal: AbortSignal;

  constructor(address: ServerAddress, signal: AbortSignal) {
    this.#address = address;
    this.#signal = signal;
  }

  /**
   * @param schema what the answer must be; members it does not know are cut off
   * @throws SignetError `cli.unreachable`, `cli.answer`, or the reason that the server gives
   */
  async call<Schema extends TSchema>(schema: Schema, call: Call): Promise<Answer<Static<Schema>>> {
    const { text, message } = await this.#send(call);
    const value = Value.Clean(schema, parse(text));
    if (!Value.Check(schema, value)) throw new SignetError('cli.answer');
    const index = message.headers['signet-log-index'];
    return {
      value,
      etag: message.headers.etag,
      logIndex: typeof index === 'string' ? Number(index) : undefined,
    };
  }

  /** The answer as it is. @throws SignetError as `call` does */
  async text(call: Call): Promise<string> {
    return (await this.#send(call)).text;
  }

  async #send(call: Call): Promise<{ text: string; message: IncomingMessage }> {
    const message = await this.#request(call);
    const text = await readAll(message);
    const status = message.statusCode ?? 0;
    if (status >= 200 && status < 300) return { text, message };
    throw refusalOf(status, parse(text));
  }

  #request({
    method = 'GET',
    path,
    query = {},
    body,
    headers = {},
  }: Call): Promise<IncomingMessage> {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const target =
      this.#address.kind === 'unix'
        ? { socketPath: this.#address.path, host: 'localhost' }
        : { host: this.#address.host, port: this.#address.port };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = httpRequest({
      ...target,
      method,
      path: `${path}${queryText(query)}`,
      headers: {
        accept: 'application/json',
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      timeout: timeoutMs,
      signal: this.#signal,
      agent: false,
    });
    request.on('response', resolve);
    request.on('timeout', () => request.destroy(new Error('the server did not answer in time')));
    request.on('error', (cause) => reject(new SignetError('cli.unreachable', { cause })));
    request.end(sent);
    return promise;
  }
}

function queryText(query: NonNullable<Call['query']>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((item) => item !== undefined)
      .map((item): [string, string] => [name, String(item)]),
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}

async function readAll(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of message) {
      if (!Buffer.isBuffer(chunk)) continue;
      length += chunk.length;
      if (length > maxAnswerBytes) throw new SignetError('cli.answer');
      chunks.push(chunk);
    }
  } catch (cause) {
    throw cause instanceof SignetError ? cause : new SignetError('cli.unreachable', { cause });
  }
  return Buffer.concat(chunks).toString();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SignetError('cli.answer', { cause });
  }
}
