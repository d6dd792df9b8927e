// The configuration file of an agent.
import { type Static, Type } from 'typebox';
import * as field from './fields.ts';
import { defaultAgentDataDir } from './run-paths.ts';

const workload = field.section('how processes on this machine are told apart', {
  attestors: field.section('where selectors of a process come from', {
    unix: field.section('the kernel: user, group and program', {
      path: field.flag('give the path of the program as a selector', true),
      sha256: field.flag('give the digest of the program, which costs reading it', false),
    }),
  }),
});

export const agentSchema = Type.Object(
  {
    trustDomain: Type.String({
      description: 'name of the trust domain',
      examples: ['example.org'],
    }),
    serverAddress: field.address('where the server listens for agents'),
    bootstrapBundle: field.path('roots to know the server by at first, PEM or SPIFFE JWKS'),
    joinToken: Type.Optional(field.secret('proves the node, once')),
    joinTokenFile: Type.Optional(field.path('a file with the join token in it')),
    dataDir: Type.String({
      ...field.path('where the agent keeps its own identity'),
      default: defaultAgentDataDir,
    }),
    sockets: field.section('by default in the run folder', {
      api: Type.Optional(field.path('SDS and Workload API, for workloads')),
      admin: Type.Optional(field.path('health and debugging, for admins')),
    }),
    sync: field.section('how the agent follows the server', {
      interval: field.duration('how often it looks for changes', '5s'),
    }),
    workload,
    sds: field.section('what sidecars are given', {
      validator: field.word(
        'how Envoy checks its peers: by one bundle, or by the bundle of their trust domain',
        ['default', 'spiffe'],
        'spiffe',
      ),
    }),
    logLevel: field.word('how much the process logs', ['debug', 'info', 'warn', 'error'], 'info'),
  },
  { title: 'signet agent', additionalProperties: false },
);

export type AgentConfig = Static<typeof agentSchema>;
