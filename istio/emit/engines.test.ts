import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { readSettings } from "#kit/settings.ts";
import { ENGINES, type Engine, enginesOf, FULL, LEAN, OPTIONAL_ENGINES } from "../engines.ts";
import type { GeneratedFile } from "../files.ts";
import { calleesOf } from "../model.ts";
import { hostOf } from "../names.ts";
import { readMesh } from "../shop.ts";
import { emitDeployment } from "./deployment.ts";
import { ALL_ENGINES, ENGINES_FOLDER, emitEngines } from "./engines.ts";
import { emitNetworkPolicy } from "./network-policy.ts";
import { emitTraffic } from "./traffic.ts";

interface Thing {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly data?: readonly { readonly secretKey: string; readonly remoteRef: { readonly key: string } }[];
    readonly egress?: readonly { readonly hosts?: readonly string[] }[];
    readonly podSelector?: { readonly matchExpressions?: readonly { readonly values: readonly string[] }[] };
    readonly template?: { readonly spec: { readonly containers: readonly { readonly envFrom: readonly object[] }[] } };
  };
}

interface Component {
  readonly patches: readonly {
    readonly target: { readonly kind: string; readonly name: string };
    readonly patch: string;
  }[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly literals: readonly string[] }[];
  readonly replacements: readonly { readonly source: { readonly kind: string; readonly fieldPath: string } }[];
}

interface Operation {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: unknown;
}

const mesh = await readMesh();
const files = emitEngines(mesh);
const objectsIn = (some: readonly GeneratedFile[]): Thing[] =>
  some
    .filter((it) => it.path.endsWith(".yaml"))
    .flatMap((it) => parseAllDocuments(it.text))
    .map((it): Thing => it.toJS())
    .filter((it) => it.metadata !== undefined);
const base = objectsIn([...emitDeployment(mesh), ...emitTraffic(mesh), ...emitNetworkPolicy(mesh)]);

/** An object after a patch of JSON (RFC 6902), as far as it is used. */
function patched(thing: Thing, operations: readonly Operation[]): Thing {
  const copy = structuredClone(thing);
  for (const { op, path, value } of operations) {
    const keys = path.split("/").slice(1);
    const key = keys.pop() ?? "";
    const parent = keys.reduce((it: unknown, at) => (it as Record<string, unknown>)[at], copy) as unknown[] &
      Record<string, unknown>;
    if (op === "remove") {
      expect(parent[key as never], path).toBeDefined();
      parent.splice(Number(key), 1);
    } else if (key === "-") parent.push(value);
    else parent[key as never] = value as never;
  }
  return copy;
}

/** What an environment has that takes these sets, in this order. */
function environment(...sets: readonly string[]): Thing[] {
  let things = base;
  for (const set of sets) {
    const folder = `${ENGINES_FOLDER}/${set}/`;
    const component: Component = parse(files.find((it) => it.path === `${folder}kustomization.yaml`)?.text ?? "");
    for (const { target } of component.patches) {
      const matching = things.filter(
        (it) => it.kind === target.kind && new RegExp(`^(${target.name})$`).test(it.metadata.name),
      );
      expect(matching, `${target.kind} ${target.name}`).not.toEqual([]);
    }
    things = things.map((thing) =>
      component.patches
        .filter(
          ({ target }) => target.kind === thing.kind && new RegExp(`^(${target.name})$`).test(thing.metadata.name),
        )
        .reduce((it, { patch }) => patched(it, parse(patch)), thing),
    );
    things = [...things, ...objectsIn(files.filter((it) => it.path === `${folder}objects.yaml`))];
  }
  return things;
}

const find = (things: readonly Thing[], kind: string, name: string) =>
  things.find((it) => it.kind === kind && it.metadata.name === name)?.spec;
const clientsIn = (things: readonly Thing[], engine: string) =>
  find(things, "NetworkPolicy", `to-${engine}`)?.podSelector?.matchExpressions?.[0]?.values ?? [];

const SETS: [string, ReadonlySet<Engine>][] = [
  ...OPTIONAL_ENGINES.map((it): [string, ReadonlySet<Engine>] => [it, new Set<Engine>([...LEAN, it])]),
  [ALL_ENGINES, FULL],
];

describe.each(SETS)("an environment with %s", (set, shop) => {
  const things = environment(set);

  it("gives each service the addresses of the engines that it uses, beside its own secrets, and no other", () => {
    for (const { name, deployment } of mesh.workloads) {
      const data = find(things, "ExternalSecret", name)?.data ?? [];
      const engines = enginesOf(deployment, shop).map((it) => ENGINES[it].variable);
      expect(data.map((it) => it.secretKey).sort(), name).toEqual(
        [...engines, ...Object.keys(deployment.secrets ?? {})].sort(),
      );
      expect(
        data.every((it) => it.remoteRef.key === `shopmesh/${name}`),
        name,
      ).toBe(true);
      const reads = find(things, "Deployment", name)?.template?.spec.containers[0]?.envFrom ?? [];
      expect(
        reads.filter((it) => "secretRef" in it),
        name,
      ).toHaveLength(data.length > 0 ? 1 : 0);
    }
  });

  it("lets each service out to these engines, in the mesh and in the network, and to no other", () => {
    for (const { name, deployment } of mesh.workloads) {
      const hosts = find(things, "Sidecar", name)?.egress?.[0]?.hosts ?? [];
      const engines = enginesOf(deployment, shop);
      const expected = [...calleesOf(mesh, name), ...engines].map((it) => `./${hostOf(it)}`);
      expect([...hosts].sort(), name).toEqual(expected.sort());
      const open = (Object.keys(ENGINES) as Engine[]).filter((it) => clientsIn(things, it).includes(name));
      expect(open, name).toEqual(engines);
    }
  });

  it("asks for the network and the port of each of its engines, and to stand behind the secrets", () => {
    const { replacements }: Component = parse(
      files.find((it) => it.path === `${ENGINES_FOLDER}/${set}/kustomization.yaml`)?.text ?? "",
    );
    const asked = replacements.filter((it) => it.source.kind === "ConfigMap").map((it) => it.source.fieldPath);
    const engines = OPTIONAL_ENGINES.filter((it) => shop.has(it));
    expect(asked.sort()).toEqual(engines.flatMap((it) => [`data.${it}Network`, `data.${it}Port`]).sort());
    expect(replacements.filter((it) => it.source.kind === "ExternalSecret")).toHaveLength(1);
  });
});

describe("several engines, one component each", () => {
  it("close no way that is needed, whatever their order", () => {
    const shop = new Set<Engine>(OPTIONAL_ENGINES).add("postgres");
    for (const order of [OPTIONAL_ENGINES, OPTIONAL_ENGINES.toReversed()]) {
      const things = environment(...order);
      for (const { name, deployment } of mesh.workloads)
        for (const engine of enginesOf(deployment, shop)) {
          expect(clientsIn(things, engine), `${name} to ${engine}`).toContain(name);
          const keys = find(things, "ExternalSecret", name)?.data?.map((it) => it.secretKey);
          expect(
            keys?.filter((it) => it === ENGINES[engine].variable),
            `${name} ${engine}`,
          ).toHaveLength(1);
        }
    }
  });
});

it("pictures move with their S3", () => {
  const component: Component = parse(
    files.find((it) => it.path === `${ENGINES_FOLDER}/s3/kustomization.yaml`)?.text ?? "",
  );
  expect(component.configMapGenerator).toMatchObject([
    { name: "image", behavior: "merge", literals: ["IMAGE_STORE=s3"] },
  ]);
  const settings = readSettings({ IMAGE_STORE: "s3", S3_URL: "https://key:secret@s3.example/pictures" });
  expect(settings.imageStore).toBe("s3");
});
