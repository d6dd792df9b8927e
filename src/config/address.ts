// Addresses to listen on and to connect to.
import { SignetError } from '../runtime/errors.ts';

export interface Address {
  /** A name or an IP address; IPv6 without brackets. */
  readonly host: string;
  /** 0 lets the system choose, when listening. */
  readonly port: number;
}

const hostAndPort = /^(?:\[(?<ip6>[0-9a-fA-F:.]+)\]|(?<host>[A-Za-z0-9._-]+)):(?<port>[0-9]{1,5})$/;

/** @throws SignetError `config.address` */
export function parseAddress(text: string): Address {
  const { ip6, host, port } = hostAndPort.exec(text)?.groups ?? {};
  const name = ip6 ?? host;
  if (name === undefined || Number(port) > 65_535) throw new SignetError('config.address');
  return { host: name, port: Number(port) };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Names are not looked up: of them only `localhost` counts. */
export function isLoopback({ host }: Address): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(host);
}
