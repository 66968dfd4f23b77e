import type { VirtualService } from "@kubernetes-models/istio/networking.istio.io/v1";
import { canaryNameOf, hostOf } from "../../names.ts";

/** A route of the ingress, as far as it says where requests go. */
export interface EdgeRoute {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly rules: readonly { readonly backendRefs?: readonly Backend[] }[] };
}

interface Backend {
  readonly name: string;
  readonly port: number;
}

/** How a route comes to share its calls between a workload and its canary. */
export interface Split {
  readonly kind: string;
  readonly name: string;
  /** A JSON patch that adds the canary beside the workload. */
  readonly patch: readonly { readonly op: "add"; readonly path: string; readonly value: unknown }[];
  /** Where the weights of the two are then, as kustomize writes it. */
  readonly stable: readonly string[];
  readonly canary: readonly string[];
}

/** A list of destinations in a route: where it is, and what the canary is called there. */
interface Destinations {
  readonly path: string;
  readonly canary: object;
}

/** Before the environment's weights are put in. */
const EVERYTHING = 100;
const NOTHING = 0;

function splitOf(kind: string, name: string, lists: readonly Destinations[]): Split {
  const weights = (index: number) => lists.map(({ path }) => `${path.slice(1).replaceAll("/", ".")}.${index}.weight`);
  return {
    kind,
    name,
    patch: lists.flatMap(({ path, canary }) => [
      { op: "add", path: `${path}/0/weight`, value: EVERYTHING },
      { op: "add", path: `${path}/1`, value: { ...canary, weight: NOTHING } },
    ]),
    stable: weights(0),
    canary: weights(1),
  };
}

/** The calls of other workloads: every route of theirs goes to the workload. */
export function splitInMesh(workload: string, { spec }: VirtualService): Split {
  const lists = (spec?.http ?? []).flatMap(({ route = [] }, index) =>
    route.map(({ destination }) => ({
      path: `/spec/http/${index}/route`,
      canary: { destination: { ...destination, host: hostOf(canaryNameOf(workload)) } },
    })),
  );
  return splitOf("VirtualService", workload, lists);
}

/** What comes through the ingress: of its routes those that go to the workload. */
export function splitAtEdge(workload: string, routes: readonly EdgeRoute[]): Split[] {
  return routes.flatMap(({ kind, metadata, spec }) => {
    const lists = spec.rules.flatMap(({ backendRefs = [] }, index) => {
      const [backend, ...others] = backendRefs;
      if (backend?.name !== workload) return [];
      if (others.length > 0) throw new Error(`${kind} ${metadata.name} shares its calls already: rule ${index}`);
      return [{ path: `/spec/rules/${index}/backendRefs`, canary: { ...backend, name: canaryNameOf(workload) } }];
    });
    return lists.length === 0 ? [] : [splitOf(kind, metadata.name, lists)];
  });
}
