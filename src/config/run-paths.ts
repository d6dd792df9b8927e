// Where processes find each other on a machine: sockets below one run folder, known to servers,
// agents and the command line alike.
import { join } from 'node:path';

/** `/run/signet` for root; everybody else has it in the data folder. */
export function runFolder(dataDir: string, uid: number | undefined): string {
  return uid === 0 ? '/run/signet' : join(dataDir, 'run');
}

export function serverSockets(run: string) {
  return {
    /** REST, for local admins. */
    admin: join(run, 'server', 'admin.sock'),
    /** SPIRE Server API, for local admins. */
    spire: join(run, 'server', 'spire.sock'),
  } as const;
}

export function agentSockets(run: string) {
  return {
    /** SDS and Workload API, for everybody on the machine. */
    api: join(run, 'agent', 'api.sock'),
    admin: join(run, 'agent', 'admin.sock'),
  } as const;
}

/** The database of a server that is told no other. */
export function databaseFile(dataDir: string): string {
  return join(dataDir, 'signet.db');
}

export const defaultServerDataDir = '/var/lib/signet';
export const defaultAgentDataDir = '/var/lib/signet-agent';
