// Envoy configurations as plain objects: a sidecar that gets its identity over a Unix socket, with mTLS
// in front of it (inbound), towards a peer (outbound), or both.

export interface SidecarConfig {
  /** Proves nothing; Envoy refuses SDS without it. */
  readonly nodeId: string;
  readonly sdsSocket: string;
  readonly variant?: 'DELTA_GRPC' | 'GRPC';
  /** The secret with the own certificate: a SPIFFE ID, or `default`. */
  readonly certificate?: string;
  /** The secret to check peers with: the ID of a trust domain, `ROOTCA` or `ALL`. */
  readonly bundle?: string;
  /** Makes the server use Envoy's default validator. */
  readonly plainValidator?: boolean;
  readonly initialFetchTimeoutSeconds?: number;
  readonly inbound?: InboundConfig;
  readonly outbound?: OutboundConfig;
}

export interface InboundConfig {
  /** SPIFFE IDs that may call. */
  readonly clients: readonly string[];
  /** Answers by itself, unless there is an application to pass requests to. */
  readonly appPort?: number;
  /** One line for each connection: who called, or why it was refused. */
  readonly accessLog?: string;
}

export interface OutboundConfig {
  readonly port: number;
  /** The SPIFFE ID the peer must prove. */
  readonly peer: string;
  /** Makes every request prove both identities anew. */
  readonly handshakePerRequest?: boolean;
}

const api = 'type.googleapis.com/envoy.extensions';
const loopback = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });

/** For `startEnvoy`: all ports are free ones, the listeners are called `inbound` and `outbound`. */
export function sidecarConfig(config: SidecarConfig): object {
  const { inbound, outbound } = config;
  const app = inbound?.appPort;
  return {
    node: {
      id: config.nodeId,
      cluster: 'signet',
      metadata: { disable_spiffe_cert_validation: config.plainValidator ?? false },
    },
    admin: { address: loopback(0) },
    static_resources: {
      listeners: [
        ...(inbound ? [inboundListener(config, inbound)] : []),
        ...(outbound ? [outboundListener()] : []),
      ],
      clusters: [
        sdsCluster(config.sdsSocket),
        ...(outbound ? [peerCluster(config, outbound)] : []),
        ...(app === undefined ? [] : [cluster('app', loopback(app))]),
      ],
    },
  };
}

function inboundListener(config: SidecarConfig, { clients, appPort, accessLog }: InboundConfig) {
  const route =
    appPort === undefined
      ? { direct_response: { status: 200, body: { inline_string: 'ok' } } }
      : { route: { cluster: 'app' } };
  const line =
    'peer=%DOWNSTREAM_PEER_URI_SAN% serial=%DOWNSTREAM_PEER_SERIAL% why=%DOWNSTREAM_TRANSPORT_FAILURE_REASON%\n';
  return {
    name: 'inbound',
    address: loopback(0),
    ...(accessLog !== undefined && {
      access_log: [
        {
          name: 'connections',
          typed_config: {
            '@type': `${api}.access_loggers.file.v3.FileAccessLog`,
            path: accessLog,
            log_format: { text_format_source: { inline_string: line } },
          },
        },
      ],
    }),
    filter_chains: [
      {
        transport_socket: {
          name: 'envoy.transport_sockets.tls',
          typed_config: {
            '@type': `${api}.transport_sockets.tls.v3.DownstreamTlsContext`,
            require_client_certificate: true,
            // A resumed session skips the expiry of certificates.
            disable_stateless_session_resumption: true,
            disable_stateful_session_resumption: true,
            common_tls_context: tlsContext(config, clients),
          },
        },
        filters: [httpFilter('inbound', route)],
      },
    ],
  };
}

function outboundListener() {
  return {
    name: 'outbound',
    address: loopback(0),
    filter_chains: [{ filters: [httpFilter('outbound', { route: { cluster: 'peer' } })] }],
  };
}

function httpFilter(name: string, route: object) {
  const routes = [{ match: { prefix: '/' }, ...route }];
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${api}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: name,
      route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
      http_filters: [
        {
          name: 'envoy.filters.http.router',
          typed_config: { '@type': `${api}.filters.http.router.v3.Router` },
        },
      ],
    },
  };
}

/** The secrets by SDS, the SPIFFE IDs of peers beside them: bundles say who is real, this who may. */
function tlsContext(config: SidecarConfig, peers: readonly string[]) {
  const { certificate = 'default', bundle = 'ROOTCA' } = config;
  const source = sdsSource(config);
  return {
    tls_params: {
      tls_minimum_protocol_version: 'TLSv1_2',
      tls_maximum_protocol_version: 'TLSv1_3', // an Envoy that calls stops at 1.2 by itself
    },
    tls_certificate_sds_secret_configs: [{ name: certificate, sds_config: source }],
    combined_validation_context: {
      default_validation_context: {
        match_typed_subject_alt_names: peers.map((exact) => ({
          san_type: 'URI',
          matcher: { exact },
        })),
      },
      validation_context_sds_secret_config: { name: bundle, sds_config: source },
    },
  };
}

function sdsSource({ variant = 'GRPC', initialFetchTimeoutSeconds = 20 }: SidecarConfig) {
  // Without it a sidecar waits up to 1 s at its start, and 30 s after an outage.
  const retryPolicy = { retry_back_off: { base_interval: '0.02s', max_interval: '1s' } };
  const service = { envoy_grpc: { cluster_name: 'signet_sds', retry_policy: retryPolicy } };
  return {
    resource_api_version: 'V3',
    initial_fetch_timeout: `${initialFetchTimeoutSeconds}s`,
    api_config_source: {
      api_type: variant,
      transport_api_version: 'V3',
      set_node_on_first_message_only: true,
      grpc_services: [service],
    },
  };
}

function sdsCluster(path: string) {
  return {
    ...cluster('signet_sds', { pipe: { path } }),
    // One stream for each secret.
    circuit_breakers: { thresholds: [{ max_requests: 100_000, max_connections: 1000 }] },
    ...httpOptions({
      explicit_http_config: {
        http2_protocol_options: { connection_keepalive: { interval: '30s', timeout: '5s' } },
      },
    }),
  };
}

function peerCluster(config: SidecarConfig, { port, peer, handshakePerRequest }: OutboundConfig) {
  const once = { common_http_protocol_options: { max_requests_per_connection: 1 } };
  return {
    ...cluster('peer', loopback(port)),
    ...httpOptions({
      ...(handshakePerRequest === true && once),
      explicit_http_config: { http_protocol_options: {} },
    }),
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': `${api}.transport_sockets.tls.v3.UpstreamTlsContext`,
        max_session_keys: 0,
        common_tls_context: tlsContext(config, [peer]),
      },
    },
  };
}

function cluster(name: string, address: object) {
  const endpoints = [{ lb_endpoints: [{ endpoint: { address } }] }];
  const load_assignment = { cluster_name: name, endpoints };
  return { name, type: 'STATIC', connect_timeout: '1s', load_assignment };
}

function httpOptions(options: object) {
  const key = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const value = { '@type': `type.googleapis.com/${key}`, ...options };
  return { typed_extension_protocol_options: { [key]: value } };
}
