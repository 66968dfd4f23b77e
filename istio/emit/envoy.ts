import { DEFAULT_PORTS } from "#kit/settings.ts";
import { type GeneratedFile, MESH_FOLDER, yamlFile } from "../files.ts";
import type { Mesh } from "../model.ts";
import { WEB } from "../names.ts";
import { envoyConfig } from "./envoy/config.ts";
import type { EnvoyOptions } from "./envoy/options.ts";

/** The edge in front of a shop on the same machine, whose own edge serves the web app's files. */
export function localOptions(mesh: Mesh): EnvoyOptions {
  const ports = new Map(mesh.workloads.map((it) => [it.name, it.port]));
  ports.set(WEB.name, DEFAULT_PORTS.edge);
  return {
    addressesOf: (workload) => [{ host: "127.0.0.1", port: ports.get(workload) ?? 0 }],
    host: "0.0.0.0",
    httpPort: 8_081,
    https: { port: 8_443, certificate: "edge.crt", key: "edge.key" },
    proof: "%ENVIRONMENT(EDGE_PROOF)%",
    origins: [],
  };
}

/** The edge as a plain Envoy, for running without Kubernetes. */
export function emitEnvoy(mesh: Mesh): GeneratedFile[] {
  return [yamlFile(`${MESH_FOLDER}/envoy/envoy.yaml`, [envoyConfig(mesh, localOptions(mesh))])];
}
