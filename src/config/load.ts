// Reads configuration files.
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SignetError } from '../runtime/errors.ts';
import { type AgentSettings, agentSettings } from './agent-config.ts';
import { type ServerSettings, serverSettings } from './server-config.ts';
import type { Source } from './source.ts';
import { surroundingsOf } from './surroundings.ts';
import { maxConfigLength, parseYaml } from './yaml-source.ts';

/** @throws SignetError `config.*`, `duration.*`, `trust_domain.*`, with file, line, column and key */
export async function loadServerSettings(file: string): Promise<ServerSettings> {
  return serverSettings(await readSource(file), surroundingsOf(dirname(file)));
}

/** @throws SignetError `config.*`, `duration.*`, `trust_domain.*`, with file, line, column and key */
export async function loadAgentSettings(file: string): Promise<AgentSettings> {
  return agentSettings(await readSource(file), surroundingsOf(dirname(file)));
}

/** @throws SignetError `config.unreadable`, `config.too_long`, `config.syntax`, `config.alias` */
export async function readSource(file: string): Promise<Source> {
  return parseYaml(await readText(file), file);
}

async function readText(file: string): Promise<string> {
  try {
    // UTF-8 has at most three bytes for each UTF-16 unit.
    if ((await stat(file)).size <= 3 * maxConfigLength) return await readFile(file, 'utf8');
  } catch (cause) {
    throw new SignetError('config.unreadable', { details: { file }, cause });
  }
  throw new SignetError('config.too_long', { details: { file, limit: maxConfigLength } });
}
