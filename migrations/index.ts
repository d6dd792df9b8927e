// Every step of the schema, in order.
import { log } from './001-log.ts';
import { logIndex } from './002-log-index.ts';
import { registry } from './003-registry.ts';
import { authorities } from './004-authorities.ts';
import type { Migration } from './migration.ts';

export const migrations: readonly Migration[] = [log, logIndex, registry, authorities];
