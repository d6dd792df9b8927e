// A sidecar played by the real Envoy.
import { sidecarConfig } from './envoy-config.ts';
import { startEnvoy } from './envoy.ts';
import { programAs, type Sidecar, type SidecarPlan, statusOf } from './sidecar.ts';

/** @throws SignetError `envoy.*` */
export async function startEnvoySidecar(
  envoyBinary: string,
  folder: string,
  { name, sdsSocket, clients, peer }: SidecarPlan,
): Promise<Sidecar> {
  const executable = await programAs(envoyBinary, folder, name);
  const outbound = peer && { port: peer.port, peer: peer.id, handshakePerRequest: true };
  const config = sidecarConfig({
    nodeId: name,
    sdsSocket,
    certificate: 'default',
    bundle: 'ROOTCA',
    inbound: { clients },
    ...(outbound === undefined ? {} : { outbound }),
  });
  const envoy = await startEnvoy(config, { executable });
  await envoy.ready();
  return {
    inbound: envoy.port('inbound'),
    request: () => statusOf(envoy.port('outbound')),
    async serial() {
      const [certificate] = (await envoy.certs()).flatMap(({ cert_chain: chain }) => chain);
      return certificate?.serial_number.toLowerCase() ?? '';
    },
    [Symbol.asyncDispose]: () => envoy.stop(),
  };
}
