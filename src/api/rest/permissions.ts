// Who may do what: one row for every route, and for every role the permissions it has. A route without
// a row cannot be registered, and a role has nothing that is not written here.
import { SignetError } from '../../runtime/errors.ts';

export type Permission =
  | 'agents.read'
  | 'agents.write'
  | 'authorities.read'
  | 'bundle.read'
  | 'entries.read'
  | 'entries.write'
  | 'join_tokens.create'
  | 'log.read'
  | 'svids.mint'
  | 'api.describe'
  | 'process.observe';

/** `admin` came through the admin socket; `anonymous` is everybody who can connect. */
export type Role = 'admin' | 'anonymous';

/** Method and path as it is registered. */
export const routePermissions: Readonly<Record<string, Permission>> = {
  'GET /v1/entries': 'entries.read',
  'POST /v1/entries': 'entries.write',
  'GET /v1/entries/:id': 'entries.read',
  'PATCH /v1/entries/:id': 'entries.write',
  'DELETE /v1/entries/:id': 'entries.write',
  'GET /v1/agents': 'agents.read',
  'GET /v1/agents/:id': 'agents.read',
  'DELETE /v1/agents/:id': 'agents.write',
  'POST /v1/agents/:id(^[^:]+:[^:]+)::ban': 'agents.write',
  'POST /v1/join-tokens': 'join_tokens.create',
  'GET /v1/authorities': 'authorities.read',
  'GET /v1/bundle': 'bundle.read',
  'GET /v1/svids': 'log.read',
  'POST /v1/svids::mint': 'svids.mint',
  'GET /v1/log/entries': 'log.read',
  'GET /v1/log/entries/:index': 'log.read',
  'GET /v1/log/checkpoint': 'log.read',
  'GET /v1/log/proof': 'log.read',
  'GET /v1/log/consistency': 'log.read',
  'GET /v1/openapi.json': 'api.describe',
  'GET /healthz': 'process.observe',
  'GET /readyz': 'process.observe',
  'GET /metrics': 'process.observe',
};

const rolePermissions: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  admin: new Set(Object.values(routePermissions)),
  anonymous: new Set<Permission>(['process.observe']),
};

/** The permission a route asks for. @throws SignetError `internal` for a route without a row */
export function permissionOf(method: string, path: string): Permission {
  const route = `${method} ${path}`;
  const permission = Object.hasOwn(routePermissions, route) ? routePermissions[route] : undefined;
  if (permission === undefined) {
    throw new SignetError('internal', { cause: new Error(`no permission is stated for ${route}`) });
  }
  return permission;
}

/** @throws SignetError `rest.not_allowed` */
export function checkPermission(role: Role, permission: Permission): void {
  if (!rolePermissions[role].has(permission)) throw new SignetError('rest.not_allowed');
}
