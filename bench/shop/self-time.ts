import { fileURLToPath } from "node:url";

/** A CPU profile as V8 writes it; times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** What a function, or a package, took. */
export interface Cost {
  readonly name: string;
  readonly selfUs: number;
}

/** A function with what it called, merged over all its calls from the same place. */
export interface Frame {
  readonly name: string;
  readonly package: string;
  selfUs: number;
  /** Its own and that of what it called. */
  totalUs: number;
  readonly children: Map<string, Frame>;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FUNCTIONS_MAX = 60;
/** What V8 calls the time in which nothing of the process ran. */
const IDLE = "(idle)";

/** Where a function is from: an npm package, a folder of the shop's, or Node itself. */
export function packageOf(url: string): string {
  const dependency = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (dependency !== undefined) return dependency;
  if (url.startsWith("node:")) return `node:${url.slice(5).split("/").slice(0, 2).join("/")}`;
  if (url === "") return "(V8 and native code)";
  return pathOf(url).split("/").slice(0, -1).join("/");
}

function pathOf(url: string): string {
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path;
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const path = pathOf(url).replace(/.*node_modules\//, "");
  return `${name} ${path}:${lineNumber + 1}`;
}

/** Each node's own time. */
function selfTimes({ samples, timeDeltas }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>();
  for (const [index, id] of samples.entries()) {
    // A sample stands for the time until the next one is taken.
    times.set(id, (times.get(id) ?? 0) + (timeDeltas[index + 1] ?? 0));
  }
  return times;
}

function sum(profile: CpuProfile, keyOf: (node: ProfileNode) => string): Cost[] {
  const times = selfTimes(profile);
  const costs = new Map<string, number>();
  for (const node of profile.nodes) {
    if (node.callFrame.functionName === IDLE) continue;
    const key = keyOf(node);
    costs.set(key, (costs.get(key) ?? 0) + (times.get(node.id) ?? 0));
  }
  return [...costs].map(([name, selfUs]) => ({ name, selfUs })).sort((a, b) => b.selfUs - a.selfUs);
}

/** Functions by their own time, dearest first. */
export const byFunction = (profile: CpuProfile) => sum(profile, nameOf);

/** Packages by their functions' own time, dearest first. */
export const byPackage = (profile: CpuProfile) => sum(profile, (it) => packageOf(it.callFrame.url));

/** Costs as text: the share of all and microseconds for each call of the shop. */
export function costTable(what: string, costs: readonly Cost[], calls: number): string {
  const total = costs.reduce((all, it) => all + it.selfUs, 0);
  const lines = costs
    .slice(0, FUNCTIONS_MAX)
    .map(
      ({ name, selfUs }) =>
        `${((100 * selfUs) / total).toFixed(1).padStart(6)} ${(selfUs / calls).toFixed(1).padStart(9)}  ${name}`,
    );
  return [`     %   µs/call  own time by ${what} (${(total / calls).toFixed(0)} µs/call in all)`, ...lines, ""].join(
    "\n",
  );
}

function addUp(frame: Frame): number {
  frame.totalUs = frame.selfUs;
  for (const child of frame.children.values()) frame.totalUs += addUp(child);
  return frame.totalUs;
}

/** The profile as a tree, without idle time. */
export function treeOf(profile: CpuProfile): Frame {
  const times = selfTimes(profile);
  const nodes = new Map(profile.nodes.map((it) => [it.id, it]));
  const frame = (name: string, from: string): Frame => ({
    name,
    package: from,
    selfUs: 0,
    totalUs: 0,
    children: new Map(),
  });
  const root = frame("all", "");
  const grow = (parent: Frame, ids: readonly number[]) => {
    for (const id of ids) {
      const node = nodes.get(id);
      if (node === undefined || node.callFrame.functionName === IDLE) continue;
      const name = nameOf(node);
      const child = parent.children.get(name) ?? frame(name, packageOf(node.callFrame.url));
      parent.children.set(name, child);
      child.selfUs += times.get(id) ?? 0;
      grow(child, node.children ?? []);
    }
  };
  grow(root, profile.nodes[0]?.children ?? []);
  addUp(root);
  return root;
}
