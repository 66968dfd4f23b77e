import { emitAuthentication } from "./emit/authentication.ts";
import { emitAuthorization } from "./emit/authorization.ts";
import { emitCanary } from "./emit/canary.ts";
import { emitCompose } from "./emit/compose.ts";
import { emitDeployment } from "./emit/deployment.ts";
import { emitEdgePaths } from "./emit/edge-paths.ts";
import { emitEngines } from "./emit/engines.ts";
import { emitEnvoy } from "./emit/envoy.ts";
import { emitGateway } from "./emit/gateway.ts";
import { emitNetworkPolicy } from "./emit/network-policy.ts";
import { emitSlo } from "./emit/slo.ts";
import { emitTokenKeys } from "./emit/token-keys.ts";
import { emitTraffic } from "./emit/traffic.ts";
import { CLUSTER_FOLDER, type GeneratedFile, kustomization, MESH_FOLDER } from "./files.ts";
import type { Mesh } from "./model.ts";

const EMITTERS: readonly ((mesh: Mesh) => GeneratedFile[])[] = [
  emitAuthentication,
  emitTokenKeys,
  emitAuthorization,
  emitTraffic,
  emitGateway,
  emitEnvoy,
  emitNetworkPolicy,
  emitDeployment,
  emitCanary,
  emitEngines,
  emitSlo,
  emitCompose,
  emitEdgePaths,
];

/** Every file that is made from the mesh: pure, and the same for the same mesh. */
export function generate(mesh: Mesh): GeneratedFile[] {
  const files = EMITTERS.flatMap((emit) => emit(mesh));
  const folders = [MESH_FOLDER, CLUSTER_FOLDER].map((it) => kustomization(it, files));
  return [...files, ...folders];
}
