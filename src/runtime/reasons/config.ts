// Configuration files and the command line.
import {
  failedPrecondition,
  internal,
  invalidArgument,
  notFound,
  type Row,
  unavailable,
  unimplemented,
} from './row.ts';

export const configReasons = {
  'config.unreadable': notFound(
    'the configuration file cannot be read: check its path and its permissions',
  ),
  'config.too_long': invalidArgument('a configuration file has at most 262144 characters'),
  'config.syntax': invalidArgument(
    'the configuration is not one YAML 1.2 document with each key once: correct the syntax here',
  ),
  'config.alias': invalidArgument(
    'a configuration has no anchors and no aliases: write the value out in each place',
  ),
  'config.unknown_key': invalidArgument('no key of this name is known here: correct or remove it'),
  'config.missing': invalidArgument('a key without a default is missing: add it'),
  'config.type': invalidArgument('the value is of the wrong kind: see the reference for this key'),
  'config.word': invalidArgument('the value is none of the words that this key knows: choose one'),
  'config.one_of': invalidArgument('exactly one of the ways to do this is named: choose one'),
  'config.range': invalidArgument('the value is outside of its bounds: see the reference'),
  'config.path': invalidArgument('a path has 1 to 4096 characters, and no references in it'),
  'config.address': invalidArgument('an address is host:port, IPv6 in brackets, ports up to 65535'),
  'config.reference': invalidArgument(
    'a secret is text without spaces, or nothing but a reference ${file:/path}: correct it',
  ),
  'config.secret_unreadable': notFound(
    'the file of a secret cannot be read, is empty or too long: check path and permissions',
  ),
  'config.ttl_order': invalidArgument(
    'an SVID lives no longer than maxTtl, that no longer than its issuer, that no longer than its root: shorten the inner ones',
  ),
  'config.not_loopback': failedPrecondition(
    'the REST API and metrics have no sign-in yet, so they listen on loopback addresses only: use 127.0.0.1',
  ),
  'config.not_offered': unimplemented(
    'this version does not offer this choice yet: use the default',
  ),
  'config.join_token': invalidArgument(
    'an agent takes its join token from joinToken or from joinTokenFile: name one of the two',
  ),

  'duration.malformed': invalidArgument(
    'a duration is a whole number and a unit, such as 90s 15m 1h 30d 10y: write it so',
  ),
  'duration.too_long': invalidArgument('a duration is at most 100 years: shorten it'),

  'cli.usage': invalidArgument('the command line is not understood: see the help of the command'),
  'cli.address': invalidArgument(
    'an address is unix:/path or http://host:port: correct --address or SIGNET_ADDRESS',
  ),
  'cli.unreachable': unavailable(
    'the server does not answer at this address: start it, or point SIGNET_ADDRESS elsewhere',
  ),
  'cli.answer': unavailable(
    'what answers at this address is not a Signet server: check SIGNET_ADDRESS',
  ),
  'cli.file': failedPrecondition('the file cannot be read or written: check path and permissions'),
  'cli.no_log_key': failedPrecondition(
    'the database has no log that begins with its key: name the key with --key',
  ),
  'cli.no_answer': unavailable(
    'the agent gave no SVID to this process: see whether an entry has its selectors',
  ),
  'cli.exists': failedPrecondition(
    'a file of this name is there already and is not overwritten: remove it, or use another folder',
  ),
  'cli.not_confirmed': failedPrecondition(
    'this cannot be undone, so it wants to be confirmed: repeat it with --yes',
  ),
  'demo.step': internal(
    'a step of the demo did not go as told: run it again, and report it if it stays so',
  ),
} satisfies Record<string, Row>;
