import type { DescMethod } from "@bufbuild/protobuf";
import { services } from "#gen/services.js";
import type { GeneratedFile } from "../../files.ts";
import { generate } from "../../generate.ts";
import { type Mesh, type MeshMethod, meshOf } from "../../model.ts";
import { readDeployments, readMesh } from "../../shop.ts";
import type { KubeObject } from "../lib/kubectl.ts";
import { bring, DEV, render } from "../lib/manifests.ts";
import { withChange } from "./change.ts";
import type { Change } from "./changes.ts";

/** A changed contract: the mesh it makes, and what that changes in the cluster. */
export interface Changed {
  readonly mesh: Mesh;
  /** Generated files that are not what they were, by path. */
  readonly files: readonly string[];
  /** Brings the cluster to the changed contract. */
  apply(): Promise<void>;
  /** Brings it back. */
  restore(): Promise<void>;
}

async function become(from: readonly KubeObject[], to: readonly KubeObject[]): Promise<void> {
  const clear = await bring(from, to);
  await clear();
}

/** Makes a change of a contract, in memory. */
export async function changed({ service, edit }: Change): Promise<Changed> {
  const mesh = meshOf(withChange(services, service, edit), await readDeployments());
  const before = new Map(generate(await readMesh()).map((it) => [it.path, it.text]));
  const files: GeneratedFile[] = generate(mesh).filter((it) => before.get(it.path) !== it.text);
  const [from, to] = await Promise.all([render(DEV), render(DEV, files)]);
  return {
    mesh,
    files: files.map((it) => it.path),
    apply: () => become(from, to),
    restore: () => become(to, from),
  };
}

/** The call that a change is about, as a mesh has it; where a mesh has none, nobody may make it. */
export function changedMethod(
  mesh: Mesh,
  { service, call }: Change,
): { callee: string; method: MeshMethod } | undefined {
  const name = typeof call === "string" ? call : call.name;
  for (const { name: callee, methods } of mesh.workloads)
    for (const method of methods)
      if (method.service === service.typeName && method.name === name) return { callee, method };
  return undefined;
}

/** The mesh with one call that is in no contract (any more): nobody may make it, but somebody may try. */
export function withClosed(mesh: Mesh, callee: string, method: MeshMethod): Mesh {
  const closed: MeshMethod = { ...method, callers: [] };
  const workloads = mesh.workloads.map((it) => (it.name === callee ? { ...it, methods: [...it.methods, closed] } : it));
  return { ...mesh, workloads };
}

export function isCall(change: Change): (method: Pick<MeshMethod, "service" | "name">) => boolean {
  const name = typeof change.call === "string" ? change.call : (change.call satisfies DescMethod).name;
  return (method) => method.service === change.service.typeName && method.name === name;
}
