import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { generate } from "./generate.ts";
import { NAMESPACE } from "./names.ts";
import { readMesh } from "./shop.ts";

interface Meta {
  readonly kind: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}
interface Selector {
  readonly kind: string;
  readonly name?: string;
}
interface Kustomization {
  readonly kind: string;
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly namespace: string }[];
  readonly patches?: readonly { readonly target: Selector }[];
  readonly replacements?: readonly {
    readonly source: { readonly fieldPath: string };
    readonly targets: readonly { readonly select: Selector }[];
  }[];
}

const ROOT = fileURLToPath(new URL("../k8s", import.meta.url));
const ENVIRONMENTS = ["dev", "qat", "uat", "prod"] as const;
/** Kinds that have no namespace. */
const CLUSTER_WIDE = ["Namespace", "Kustomization", "Component"];

const text = (path: string) => readFileSync(`${ROOT}/${path}`, "utf8");
const kustomization = (folder: string) => parse(text(`${folder}/kustomization.yaml`)) as Kustomization;
const valuesOf = (environment: string) =>
  (parse(text(`overlays/${environment}/values.yaml`)) as { data: Record<string, string> }).data;
const objectsOf = (yaml: string) => parseAllDocuments(yaml).map((it) => it.toJS() as Meta);

/** The components that an overlay takes from the folder of that name; a canary is nobody's yet. */
const componentsOf = (environment: string) =>
  (kustomization(`overlays/${environment}`).components ?? []).map((it) => it.replace(/^\.\.\/\.\.\//, ""));

/** All objects there are, whatever an environment takes of them. */
let objects: Meta[];
beforeAll(async () => {
  const yaml = generate(await readMesh()).filter((it) => it.path.endsWith(".yaml") && !it.path.includes("/envoy/"));
  const generated = yaml.flatMap((it) => objectsOf(it.text)).filter((it) => it?.metadata !== undefined);
  const written = ["base", "components/managed", ...ENVIRONMENTS.map((it) => `overlays/${it}`)]
    .flatMap((folder) => readdirSync(`${ROOT}/${folder}`).map((it) => `${folder}/${it}`))
    .filter((it) => it.endsWith(".yaml") && !it.endsWith("kustomization.yaml"));
  objects = [...generated, ...written.flatMap((it) => objectsOf(text(it)))];
  for (const { name, namespace } of kustomization("base").configMapGenerator ?? [])
    objects.push({ kind: "ConfigMap", metadata: { name, namespace } });
});

const exists = ({ kind, name }: Selector) =>
  objects.some((it) => it.kind === kind && (name === undefined || it.metadata?.name === name));

describe("the environments", () => {
  it("are named by their folders and want 2, 2, 3 and 5 replicas", () => {
    const said = ENVIRONMENTS.map((it) => [valuesOf(it).environment, valuesOf(it).replicas]);
    expect(said).toEqual([
      ["dev", "2"],
      ["qat", "2"],
      ["uat", "3"],
      ["prod", "5"],
    ]);
  });

  it.each(ENVIRONMENTS)("%s says every value that its components ask for, and no other", (environment) => {
    const asked = componentsOf(environment)
      .flatMap((it) => kustomization(it).replacements ?? [])
      .map((it) => it.source.fieldPath.replace(/^data\./, ""));
    expect([...new Set(asked)].sort()).toEqual(Object.keys(valuesOf(environment)).sort());
  });

  it("change only what there is", () => {
    const folders = ["components/values", "components/managed", ...ENVIRONMENTS.map((it) => `overlays/${it}`)];
    for (const folder of folders) {
      const { patches = [], replacements = [] } = kustomization(folder);
      const targets = [
        ...patches.map((it) => it.target),
        ...replacements.flatMap((it) => it.targets.map((to) => to.select)),
      ];
      for (const target of targets) expect(exists(target), `${folder}: ${target.kind} ${target.name ?? ""}`).toBe(true);
    }
  });

  it("open their services to tools in dev and qat alone", () => {
    const open = ENVIRONMENTS.filter((it) =>
      kustomization(`overlays/${it}`).resources?.some((resource) => resource.endsWith("/diagnostics")),
    );
    expect(open).toEqual(["dev", "qat"]);
  });

  it("have known secrets in dev alone", () => {
    const known = ENVIRONMENTS.filter((it) =>
      kustomization(`overlays/${it}`).resources?.some((resource) => resource.endsWith("/secrets/plain")),
    );
    expect(known).toEqual(["dev"]);
    for (const it of ENVIRONMENTS.slice(1)) expect(componentsOf(it)).toContain("components/managed");
  });
});

interface Pod {
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly securityContext?: object;
  readonly containers: readonly { readonly securityContext?: object }[];
}

it("every pod, generated or not, is held to the same rules", () => {
  const controllers = objects.filter((it) => ["Deployment", "StatefulSet", "Job"].includes(it.kind));
  expect(controllers.filter((it) => it.kind !== "Deployment").map((it) => it.metadata?.name)).toEqual([
    "demo",
    "postgres",
  ]);
  for (const { metadata, spec } of controllers as (Meta & { spec: { template: { spec: Pod } } })[]) {
    const pod = spec.template.spec;
    expect(pod, metadata?.name).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    for (const { securityContext } of pod.containers)
      expect(securityContext, metadata?.name).toEqual({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        privileged: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
      });
  }
});

it("every object says in which namespace it lives", () => {
  const wrong = objects
    .filter((it) => !CLUSTER_WIDE.includes(it.kind) && it.metadata?.namespace !== NAMESPACE)
    .map((it) => `${it.kind} ${it.metadata?.name}`);
  expect(wrong).toEqual([]);
});
