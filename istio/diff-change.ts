import type { MeshMethod } from "./model.ts";

/** What a change does to who can reach what: lets more in, lets less in, or neither. In the order of a reviewer's interest. */
export const EFFECTS = ["opens", "closes", "alters"] as const;

/** One difference between two meshes, in a sentence. */
export interface Change {
  readonly effect: (typeof EFFECTS)[number];
  readonly text: string;
}

export const opens = (text: string): Change => ({ effect: "opens", text });
export const closes = (text: string): Change => ({ effect: "closes", text });
export const alters = (text: string): Change => ({ effect: "alters", text });

/** Names calls as people do, "product.GetProduct", and in full where that would name two. */
export function callName(calls: Iterable<{ method: MeshMethod; workload: string }>) {
  const short = (method: MeshMethod, workload: string): string =>
    `${method.common ? "every service's " : `${workload}.`}${method.name}`;
  const paths = new Map<string, Set<string>>();
  for (const { method, workload } of calls) {
    const name = short(method, workload);
    paths.set(name, (paths.get(name) ?? new Set()).add(method.path));
  }
  return (method: MeshMethod, workload: string): string => {
    const name = short(method, workload);
    return (paths.get(name)?.size ?? 0) > 1 ? method.path.slice(1) : name;
  };
}
