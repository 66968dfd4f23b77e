import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { services } from "#gen/services.js";
import type { Deployment } from "#kit/deployment.ts";
import { type Mesh, meshOf } from "./model.ts";

const SERVICES = fileURLToPath(new URL("../services", import.meta.url));

/** What each service says about itself, by workload. */
export async function readDeployments(): Promise<Record<string, Deployment>> {
  const found: Record<string, Deployment> = {};
  for (const name of readdirSync(SERVICES).sort()) {
    const path = `${SERVICES}/${name}/deployment.ts`;
    if (name === "kit" || !existsSync(path)) continue;
    const module = (await import(pathToFileURL(path).href)) as { deployment?: Deployment };
    if (module.deployment === undefined) throw new Error(`services/${name}/deployment.ts exports no "deployment"`);
    found[name] = module.deployment;
  }
  return found;
}

/** The mesh of this checkout. */
export async function readMesh(): Promise<Mesh> {
  return meshOf(services, await readDeployments());
}
