import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { CLUSTER_FOLDER, type GeneratedFile } from "../../files.ts";
import { CANARY_IMAGE, canaryNameOf, IMAGE } from "../../names.ts";
import type { KubeObject } from "./kubectl.ts";
import { render } from "./manifests.ts";

/** What part of a workload's calls each of its versions gets. */
export interface Shares {
  readonly stable: number;
  readonly canary: number;
}

interface Kustomization {
  readonly components?: readonly string[];
  readonly images?: readonly { readonly name: string }[];
}

interface Values {
  readonly data: Readonly<Record<string, string>>;
}

/** A file of the checkout, changed as somebody who follows k8s/components/README.md changes it. */
function edited<T>(path: string, change: (content: T) => T): GeneratedFile {
  const file = fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  return { path, text: stringify(change(parse(readFileSync(file, "utf8")))) };
}

/** An overlay with canaries of some workloads, of the same image as the rest. */
export function renderCanaries(overlay: string, shares: Readonly<Record<string, Shares>>): Promise<KubeObject[]> {
  const names = Object.keys(shares);
  const folders = names.map((it) => `../../../${CLUSTER_FOLDER}/canary/${it}`);
  const weights = Object.entries(shares).flatMap(([name, { stable, canary }]) => [
    [`${name}-stable`, `${stable}`],
    [canaryNameOf(name), `${canary}`],
  ]);
  return render(overlay, [
    edited<Kustomization>(`${overlay}/kustomization.yaml`, (it) => ({
      ...it,
      components: [...folders, ...(it.components ?? [])],
      images: (it.images ?? []).flatMap((image) =>
        image.name === IMAGE ? [image, { ...image, name: CANARY_IMAGE }] : [image],
      ),
    })),
    edited<Values>(`${overlay}/values.yaml`, (it) => ({ ...it, data: { ...it.data, ...Object.fromEntries(weights) } })),
  ]);
}
