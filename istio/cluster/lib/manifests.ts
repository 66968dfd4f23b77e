import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { type GeneratedFile, MESH_FOLDER } from "../../files.ts";
import { IMAGE, POSTGRES } from "../../names.ts";
import { run } from "./command.ts";
import { apply, type KubeObject, kubectl } from "./kubectl.ts";
import { SETTINGS } from "./settings.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const CLUSTER_FILES = "k8s";
/** The environment that brings all it needs. */
export const DEV = "k8s/overlays/dev";
/** Environments that get what they need from a cloud. */
export const MANAGED = ["qat", "uat", "prod"].map((it) => `k8s/overlays/${it}`);

/** A reference to an image as kustomize takes it. */
export function image(reference: string): { newName: string; newTag: string } {
  const colon = reference.lastIndexOf(":");
  return { newName: reference.slice(0, colon), newTag: reference.slice(colon + 1) };
}

function overlayOf(overlay: string): object {
  const own = overlay === DEV;
  const patch = (target: object, value: string) => ({ target, patch: value });
  const database = SETTINGS.postgresImage;
  return {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [`../${overlay}`],
    ...(own && {
      // The overlay's own name of the image is replaced: it has been put in place of IMAGE by then.
      images: [{ name: `localhost/${IMAGE}`, ...image(SETTINGS.image) }],
      patches: [
        ...(database === undefined
          ? []
          : [
              patch(
                { kind: "StatefulSet", name: POSTGRES.name },
                JSON.stringify([{ op: "replace", path: "/spec/template/spec/containers/0/image", value: database }]),
              ),
            ]),
      ],
    }),
  };
}

/**
 * An overlay as kustomize renders it, with what the test changes of dev: where images come from.
 * @param changed generated files that take the place of the checkout's; the checkout itself is not touched
 */
export async function render(overlay: string, changed: readonly GeneratedFile[] = []): Promise<KubeObject[]> {
  const folder = mkdtempSync(join(tmpdir(), "shopmesh-cluster-"));
  try {
    for (const it of [CLUSTER_FILES, MESH_FOLDER]) cpSync(join(ROOT, it), join(folder, it), { recursive: true });
    for (const { path, text } of changed) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    mkdirSync(join(folder, "test"));
    writeFileSync(join(folder, "test/kustomization.yaml"), JSON.stringify(overlayOf(overlay)));
    const text = await run("kubectl", ["kustomize", join(folder, "test")]);
    return parseAllDocuments(text).map((it) => it.toJS() as KubeObject);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function keyOf({ apiVersion, kind, metadata }: KubeObject): string {
  return `${apiVersion} ${kind} ${metadata.namespace} ${metadata.name}`;
}

/** What must be applied and what deleted for a cluster that has one set of objects to have the other. */
export function difference(from: readonly KubeObject[], to: readonly KubeObject[]) {
  const before = new Map(from.map((it) => [keyOf(it), JSON.stringify(it)]));
  const after = new Set(to.map(keyOf));
  return {
    applied: to.filter((it) => before.get(keyOf(it)) !== JSON.stringify(it)),
    deleted: from.filter((it) => !after.has(keyOf(it))),
  };
}

/**
 * Brings the cluster from one set of objects to the other.
 * @returns what takes away the objects that only the first had: somebody may have to hear of the new ones before
 */
export async function bring(from: readonly KubeObject[], to: readonly KubeObject[]): Promise<() => Promise<void>> {
  const { applied, deleted } = difference(from, to);
  if (applied.length > 0) await apply(applied);
  return async () => {
    for (const { kind, apiVersion, metadata } of deleted) {
      const [group] = apiVersion.split("/");
      const type = apiVersion.includes("/") ? `${kind}.${group}` : kind;
      await kubectl(["delete", type, metadata.name, "--ignore-not-found"]);
    }
  };
}
