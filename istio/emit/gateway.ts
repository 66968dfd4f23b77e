import { type GeneratedFile, MESH_FOLDER, yamlFile } from "../files.ts";
import type { Mesh } from "../model.ts";
import { certificate, gateway, redirect } from "./gateway/gateway.ts";
import { httpRoutesOf } from "./gateway/http-route.ts";
import { corsPatch, edgePatches, routePatches } from "./gateway/patches.ts";
import { proxiesOf } from "./gateway/proxy.ts";

/** The browser-facing ingress of the cluster: Gateway API, and beside it what only Envoy knows to say. */
export function emitGateway(mesh: Mesh): GeneratedFile[] {
  return [
    yamlFile(`${MESH_FOLDER}/gateway.yaml`, [gateway(), certificate(), ...proxiesOf()]),
    yamlFile(`${MESH_FOLDER}/gateway-routes.yaml`, [redirect(), ...httpRoutesOf(mesh)]),
    yamlFile(`${MESH_FOLDER}/gateway-limits.yaml`, [edgePatches(), corsPatch(), routePatches(mesh)]),
  ];
}
