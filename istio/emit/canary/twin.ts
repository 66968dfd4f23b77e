import { CANARY_IMAGE, canaryNameOf, IMAGE } from "../../names.ts";

/** What both tracks' pods say in these labels: the first selects them, by the second Istio's figures tell them apart. */
const TRACK_LABELS = ["track", "service.istio.io/canonical-revision"];
const TRACK = { stable: "stable", canary: "canary" } as const;

type Plain = Readonly<Record<string, unknown>>;

/** A Kubernetes object as plain data. */
export interface Twin {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: Plain;
}

/** Says of a field within an object what it is for the canary; undefined where it is the same. */
function canaryValue(key: string, value: unknown, workload: string): unknown {
  if (TRACK_LABELS.includes(key) && value === TRACK.stable) return TRACK.canary;
  if (key === "image" && value === IMAGE) return CANARY_IMAGE;
  if (key === "scaleTargetRef") return { ...(value as Plain), name: canaryNameOf(workload) };
  return undefined;
}

/** An object of a workload as its canary has it: the same but for name, track and image, so that nothing else can differ. */
export function twinOf(workload: string, object: object): Twin {
  const twin: Twin = JSON.parse(JSON.stringify(object), (key, value) => canaryValue(key, value, workload) ?? value);
  const { metadata } = twin;
  // By the label "track" all that belongs to canaries is found, when they have served.
  const labels = { ...metadata.labels, track: TRACK.canary };
  return { ...twin, metadata: { ...metadata, name: canaryNameOf(workload), labels } };
}
