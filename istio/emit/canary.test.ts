import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { CLUSTER_FOLDER, type GeneratedFile } from "../files.ts";
import { canaryNameOf, hostOf } from "../names.ts";
import { readMesh } from "../shop.ts";
import { type EdgeRoute, splitAtEdge } from "./canary/split.ts";
import { emitCanary } from "./canary.ts";
import { emitDeployment } from "./deployment.ts";
import { emitGateway } from "./gateway.ts";
import { emitTraffic } from "./traffic.ts";

/** Where requests go to, as routes of both forms say it. */
interface Destination {
  readonly name?: string;
  readonly destination?: { readonly host: string };
  weight?: number;
}

interface Thing {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly selector?: { readonly track?: string; readonly matchLabels?: { readonly track: string } };
    readonly http?: readonly { readonly route: Destination[] }[];
    readonly rules?: readonly { readonly backendRefs?: Destination[] }[];
  };
}

interface Component {
  readonly patches: readonly {
    readonly target: { readonly kind: string; readonly name: string };
    readonly patch: string;
  }[];
  readonly replacements: readonly {
    readonly source: { readonly fieldPath: string };
    readonly targets: readonly {
      readonly select: { readonly kind: string; readonly name: string };
      readonly fieldPaths: readonly string[];
    }[];
  }[];
}

const mesh = await readMesh();
const files = emitCanary(mesh);

function objectsOf(files: readonly GeneratedFile[]): Thing[] {
  const yaml = files.filter((it) => it.path.endsWith(".yaml")).flatMap((it) => parseAllDocuments(it.text));
  return yaml.map((it): Thing => it.toJS()).filter((it) => it.metadata !== undefined);
}

const applied = objectsOf([...emitDeployment(mesh), ...emitTraffic(mesh), ...emitGateway(mesh)]);
const routes = applied.filter((it) => ["VirtualService", "HTTPRoute", "GRPCRoute"].includes(it.kind));

const find = (things: readonly Thing[], kind: string, name: string) =>
  things.find((it) => it.kind === kind && it.metadata.name === name);

/** The lists of destinations in a route. */
function listsOf({ spec }: Thing): Destination[][] {
  return [...(spec.http ?? []).map((it) => it.route), ...(spec.rules ?? []).map((it) => it.backendRefs ?? [])];
}

const namesOf = (list: readonly Destination[]) => list.map((it) => it.name ?? it.destination?.host);

/** What stands at "/a/0/b". */
function at(root: unknown, path: readonly string[]): unknown {
  return path.reduce((value: unknown, key) => (value as Readonly<Record<string, unknown>>)[key], root);
}

/** A route as a component makes it: its additions, then the weights of its environment. */
function withCanary(
  route: Thing,
  { patches, replacements }: Component,
  weights: Readonly<Record<string, number>>,
): Thing {
  const isRoute = (it: { kind: string; name: string }) => it.kind === route.kind && it.name === route.metadata.name;
  const copy = structuredClone(route);
  const set = (path: readonly string[], value: unknown, insert: boolean) => {
    const parent = at(copy, path.slice(0, -1));
    const key = path.at(-1) ?? "";
    if (Array.isArray(parent) && insert) parent.splice(Number(key), 0, value);
    else Object.assign(parent as object, { [key]: value });
  };
  const operations: { path: string; value: unknown }[] = patches
    .filter((it) => isRoute(it.target))
    .flatMap((it) => parse(it.patch));
  for (const { path, value } of operations) set(path.split("/").slice(1), value, true);
  for (const { source, targets } of replacements)
    for (const path of targets.filter((it) => isRoute(it.select)).flatMap((it) => it.fieldPaths)) {
      expect(at(copy, path.split("."))).toBeTypeOf("number");
      set(path.split("."), weights[source.fieldPath], false);
    }
  return copy;
}

describe.each(mesh.workloads)("the canary of $name", ({ name }) => {
  const canary = canaryNameOf(name);
  const folder = `${CLUSTER_FOLDER}/canary/${name}`;
  const twins = objectsOf(files.filter((it) => it.path === `${folder}/canary.yaml`));

  it.each(["Service", "Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "DestinationRule"])(
    "has the same %s but for name, track and image",
    (kind) => {
      const twin = find(twins, kind, canary);
      const original = find(applied, kind, name);
      const text = JSON.stringify(twin)
        .replaceAll(hostOf(canary), hostOf(name))
        .replaceAll(`"track":"canary"`, `"track":"stable"`)
        .replaceAll(`"service.istio.io/canonical-revision":"canary"`, `"service.istio.io/canonical-revision":"stable"`)
        .replaceAll(`"name":"${canary}"`, `"name":"${name}"`)
        .replaceAll(`"image":"shopmesh-canary"`, `"image":"shopmesh"`);
      const labels = { ...original?.metadata.labels, track: "stable" };
      expect(JSON.parse(text)).toEqual({ ...original, metadata: { ...original?.metadata, labels } });
      expect(twin?.metadata.labels?.track).toBe("canary");
    },
  );

  it("shares no pod with the workload", () => {
    expect(twins).toHaveLength(5);
    const trackOf = (thing?: Thing) => thing?.spec.selector?.track ?? thing?.spec.selector?.matchLabels?.track;
    for (const kind of ["Service", "Deployment", "PodDisruptionBudget"]) {
      expect(trackOf(find(applied, kind, name))).toBe("stable");
      expect(trackOf(find(twins, kind, canary))).toBe("canary");
    }
  });

  it("shares all calls to the workload by the weights of the environment, and no others", () => {
    const component: Component = parse(files.find((it) => it.path === `${folder}/kustomization.yaml`)?.text ?? "");
    const weights = { [`data.${name}-stable`]: 90, [`data.${canary}`]: 10 };
    for (const route of routes) {
      const before = listsOf(route);
      for (const [index, list] of listsOf(withCanary(route, component, weights)).entries()) {
        const [only = "", ...others] = namesOf(before[index] ?? []);
        if (only !== name && only !== hostOf(name)) expect(list).toEqual(before[index]);
        else {
          expect(others).toEqual([]);
          expect(namesOf(list)).toEqual([only, only.replace(name, canary)]);
          expect(list.map((it) => it.weight)).toEqual([90, 10]);
        }
      }
    }
  });
});

describe("a route of the edge", () => {
  const route = (...rules: EdgeRoute["spec"]["rules"]): EdgeRoute => ({
    kind: "HTTPRoute",
    metadata: { name: "edge" },
    spec: { rules },
  });
  const cart = { name: "cart", port: 3004 };
  const web = { name: "web", port: 8080 };

  it("is left alone where it does not go to the workload", () => {
    expect(splitAtEdge("cart", [route({ backendRefs: [web] }, {})])).toEqual([]);
  });

  it("is split where it does", () => {
    const [split] = splitAtEdge("cart", [route({ backendRefs: [web] }, { backendRefs: [cart] })]);
    expect(split?.stable).toEqual(["spec.rules.1.backendRefs.0.weight"]);
    expect(split?.canary).toEqual(["spec.rules.1.backendRefs.1.weight"]);
    expect(split?.patch.at(-1)?.value).toEqual({ name: "cart-canary", port: 3004, weight: 0 });
  });

  it("is refused where something else shares it already", () => {
    expect(() => splitAtEdge("cart", [route({ backendRefs: [cart, web] })])).toThrow("shares its calls already");
  });
});
