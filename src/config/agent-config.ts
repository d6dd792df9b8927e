// What an agent is told: its configuration file, checked and made into values.
import { SignetError } from '../runtime/errors.ts';
import type { LogLevel } from '../runtime/log.ts';
import { parseTrustDomain, type TrustDomain } from '../spiffe/trust-domain.ts';
import { type Address, parseAddress } from './address.ts';
import { agentSchema, type AgentConfig } from './agent-schema.ts';
import { checkConfig } from './check.ts';
import { parseDuration } from './duration.ts';
import { agentSockets, runFolder } from './run-paths.ts';
import { secretOf, type Secret } from './secret.ts';
import { checkAt, refusalAt, type Source } from './source.ts';
import { resolvePath, type Surroundings } from './surroundings.ts';

export interface AgentSettings {
  readonly trustDomain: TrustDomain;
  readonly serverAddress: Address;
  /** Absolute path of PEM or SPIFFE JWKS. */
  readonly bootstrapBundle: string;
  /** Needed until the agent has an identity of its own; undefined if none was given. */
  readonly joinToken: Secret | undefined;
  /** Absolute. */
  readonly dataDir: string;
  readonly sockets: { readonly api: string; readonly admin: string };
  readonly syncIntervalMs: number;
  readonly workload: { readonly unix: { readonly path: boolean; readonly sha256: boolean } };
  readonly sds: { readonly validator: 'default' | 'spiffe' };
  readonly logLevel: LogLevel;
}

/** @throws SignetError `config.*`, `duration.*`, `trust_domain.*`, with file, line, column and key */
export function agentSettings(source: Source, surroundings: Surroundings): AgentSettings {
  const config = checkConfig(agentSchema, source);
  const dataDir = resolvePath(config.dataDir, surroundings);
  const sockets = agentSockets(runFolder(dataDir, surroundings.uid));
  const socket = (path: string | undefined, standard: string) =>
    path === undefined ? standard : resolvePath(path, surroundings);
  return {
    trustDomain: checkAt(source, ['trustDomain'], () => parseTrustDomain(config.trustDomain)),
    serverAddress: checkAt(source, ['serverAddress'], () => parseAddress(config.serverAddress)),
    bootstrapBundle: resolvePath(config.bootstrapBundle, surroundings),
    joinToken: joinTokenOf(source, config, surroundings),
    dataDir,
    sockets: {
      api: socket(config.sockets.api, sockets.api),
      admin: socket(config.sockets.admin, sockets.admin),
    },
    syncIntervalMs:
      1000 * checkAt(source, ['sync', 'interval'], () => parseDuration(config.sync.interval)),
    workload: config.workload.attestors,
    sds: config.sds,
    logLevel: config.logLevel,
  };
}

function joinTokenOf(
  source: Source,
  { joinToken, joinTokenFile }: AgentConfig,
  surroundings: Surroundings,
): Secret | undefined {
  if (joinToken !== undefined && joinTokenFile !== undefined) {
    throw refusalAt(source, ['joinTokenFile'], new SignetError('config.join_token'));
  }
  if (joinTokenFile !== undefined) return { file: resolvePath(joinTokenFile, surroundings) };
  return joinToken === undefined ? undefined : secretOf(joinToken, surroundings);
}
