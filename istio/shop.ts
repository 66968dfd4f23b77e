import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { services } from "#gen/services.js";
import type { Deployment } from "#kit/deployment.ts";
import { MeshError } from "./faults.ts";
import { type Mesh, meshOf } from "./model.ts";

const SERVICES = fileURLToPath(new URL("../services", import.meta.url));

/**
 * What each service says about itself, by workload.
 * @throws MeshError when one says nothing in the file where it should, or has no program to be deployed
 */
export async function readDeployments(): Promise<Record<string, Deployment>> {
  const found: Record<string, Deployment> = {};
  const faults: string[] = [];
  for (const name of readdirSync(SERVICES).sort()) {
    const path = `${SERVICES}/${name}/deployment.ts`;
    if (name === "kit" || !existsSync(path)) continue;
    const module = (await import(pathToFileURL(path).href)) as { deployment?: Deployment };
    if (module.deployment === undefined) faults.push(`services/${name}/deployment.ts exports no "deployment"`);
    else found[name] = module.deployment;
    if (!existsSync(`${SERVICES}/${name}/main.ts`)) faults.push(`${name} has no program: add services/${name}/main.ts`);
  }
  if (faults.length > 0) throw new MeshError(faults);
  return found;
}

/** The mesh of this checkout. */
export async function readMesh(): Promise<Mesh> {
  return meshOf(services, await readDeployments());
}
