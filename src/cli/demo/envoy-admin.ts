// What an Envoy's admin interface tells, read as far as we need it.
import { get } from 'node:http';

/** The certificates of one TLS context. */
export interface Certificates {
  readonly cert_chain: readonly { readonly serial_number: string }[];
  readonly ca_cert: readonly { readonly serial_number: string }[];
}

interface Listeners {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}

interface Stats {
  readonly stats: readonly { readonly name?: string; readonly value?: number }[];
}

/* oxlint-disable typescript/no-unsafe-type-assertion -- Envoy's own, documented answers */
export class EnvoyAdmin {
  readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  async isUp(): Promise<boolean> {
    return (await this.#get('/listeners')).status === 200;
  }

  async isReady(): Promise<boolean> {
    return (await this.#get('/ready')).status === 200;
  }

  async ports(): Promise<ReadonlyMap<string, number>> {
    const { listener_statuses: statuses = [] } = (await this.json(
      '/listeners?format=json',
    )) as Listeners;
    return new Map(
      statuses.map(({ name, local_address: { socket_address: address } }) => [
        name,
        address.port_value,
      ]),
    );
  }

  async stats(filter: string): Promise<ReadonlyMap<string, number>> {
    const path = `/stats?format=json&filter=${encodeURIComponent(filter)}`;
    const { stats } = (await this.json(path)) as Stats;
    return new Map(
      stats.flatMap(({ name, value }) =>
        name === undefined || value === undefined ? [] : [[name, value]],
      ),
    );
  }

  async certs(): Promise<readonly Certificates[]> {
    const { certificates } = (await this.json('/certs')) as {
      readonly certificates?: readonly Certificates[];
    };
    return certificates ?? [];
  }

  async json(path: string): Promise<unknown> {
    return JSON.parse((await this.#get(path)).body) as unknown;
  }

  /** Status 0 while nobody answers. */
  #get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const { promise, resolve } = Promise.withResolvers<{ status: number; body: string }>();
    const options = { host: '127.0.0.1', port: this.port, path, agent: false };
    const request = get(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => resolve({ status: 0, body: '' }));
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    request.on('error', () => resolve({ status: 0, body: '' }));
    return promise;
  }
}
/* oxlint-enable typescript/no-unsafe-type-assertion */
