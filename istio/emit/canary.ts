import { parseAllDocuments, stringify } from "yaml";
import { CLUSTER_FOLDER, type GeneratedFile, yamlFile } from "../files.ts";
import type { Mesh, MeshWorkload } from "../model.ts";
import { canaryNameOf } from "../names.ts";
import { type EdgeRoute, type Split, splitAtEdge, splitInMesh } from "./canary/split.ts";
import { twinOf } from "./canary/twin.ts";
import { podsOf } from "./deployment/pods.ts";
import { scalingOf } from "./deployment/scaling.ts";
import { serviceOf } from "./deployment/service.ts";
import { type Unit, unitsOf } from "./deployment/unit.ts";
import { emitGateway } from "./gateway.ts";
import { destinationRuleOf } from "./traffic/destination-rule.ts";
import { virtualServiceOf } from "./traffic/virtual-service.ts";

/** An environment's values.yaml: what part of the calls goes where, as "90" and "10". */
const VALUES = "values";

/** Puts a number of the environment's values where the routes weigh. */
function replacement(key: string, splits: readonly Split[], fieldsOf: (split: Split) => readonly string[]) {
  const targets = splits.map((it) => ({ select: { kind: it.kind, name: it.name }, fieldPaths: [...fieldsOf(it)] }));
  return { source: { kind: "ConfigMap", name: VALUES, fieldPath: `data.${key}` }, targets };
}

function canaryOf(workload: MeshWorkload, unit: Unit, edgeRoutes: readonly EdgeRoute[]): GeneratedFile[] {
  const { name, deployment } = workload;
  const folder = `${CLUSTER_FOLDER}/canary/${name}`;
  const splits = [splitInMesh(name, virtualServiceOf(workload)), ...splitAtEdge(name, edgeRoutes)];
  const component = {
    apiVersion: "kustomize.config.k8s.io/v1alpha1",
    kind: "Component",
    resources: ["canary.yaml"],
    patches: splits.map(({ kind, name, patch }) => ({
      target: { kind, name },
      patch: stringify(patch, { aliasDuplicateObjects: false }),
    })),
    replacements: [
      replacement(`${name}-stable`, splits, (it) => it.stable),
      replacement(canaryNameOf(name), splits, (it) => it.canary),
    ],
  };
  const objects = [
    serviceOf(unit),
    podsOf(unit),
    ...scalingOf(unit),
    destinationRuleOf(name, deployment.affinity, canaryNameOf(name)),
  ];
  return [
    yamlFile(
      `${folder}/canary.yaml`,
      objects.map((it) => twinOf(name, it)),
    ),
    yamlFile(`${folder}/kustomization.yaml`, [component]),
  ];
}

const ROUTES: ReadonlySet<string> = new Set(["HTTPRoute", "GRPCRoute"]);

/** The ingress' routes among the objects of some files. */
function edgeRoutesOf(files: readonly GeneratedFile[]): EdgeRoute[] {
  const documents = files.filter((it) => it.path.endsWith(".yaml")).flatMap((it) => parseAllDocuments(it.text));
  return documents.map((it): EdgeRoute => it.toJS()).filter((it) => ROUTES.has(it.kind));
}

/**
 * For each workload a kustomize component that puts a canary beside it and shares its calls between the two, in the mesh and at
 * the edge: an overlay that wants one names the component and says the weights. k8s/components/README.md tells how.
 */
export function emitCanary(mesh: Mesh): GeneratedFile[] {
  const units = new Map(unitsOf(mesh).map((it) => [it.name, it]));
  const edgeRoutes = edgeRoutesOf(emitGateway(mesh));
  return mesh.workloads.flatMap((workload) => {
    const unit = units.get(workload.name);
    return unit === undefined ? [] : canaryOf(workload, unit, edgeRoutes);
  });
}
