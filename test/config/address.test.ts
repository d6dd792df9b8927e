import { describe, expect, it } from 'vitest';
import { formatAddress, isLoopback, parseAddress } from '../../src/config/address.ts';
import { reasonOf } from '../support/reason-of.ts';

describe('parseAddress', () => {
  it.each([
    ['0.0.0.0:8081', { host: '0.0.0.0', port: 8081 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['signet.example.org:65535', { host: 'signet.example.org', port: 65_535 }],
    ['[::1]:8443', { host: '::1', port: 8443 }],
  ])('reads %s, and writes it the same', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(formatAddress(address)).toBe(text);
  });

  it.each([
    '',
    ':80',
    'host',
    'host:',
    'host:65536',
    'host:1e3',
    '::1:80',
    '[::1]',
    'a b:1',
    'a:1\n',
  ])('refuses %j', (text) => {
    expect(reasonOf(() => parseAddress(text))).toBe('config.address');
  });
});

describe('isLoopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['127.0.0.1.example.org', false],
    ['localhost.example.org', false],
    ['10.0.0.1', false],
  ])('says of %s: %s', (host, expected) => {
    expect(isLoopback({ host, port: 1 })).toBe(expected);
  });
});
