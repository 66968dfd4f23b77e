import { callChanges, goneCall, newCall } from "./diff-call.ts";
import { alters, type Change, callName, closes, EFFECTS, opens } from "./diff-change.ts";
import { newWorkload, workloadChanges } from "./diff-workload.ts";
import type { Mesh, MeshMethod, MeshWorkload } from "./model.ts";

/** All calls by path: those that every service serves are there once. */
function callsOf(mesh: Mesh): Map<string, { method: MeshMethod; workload: string }> {
  return new Map(
    mesh.workloads.flatMap(({ name, methods }) => methods.map((method) => [method.path, { method, workload: name }])),
  );
}

function eachCall(before: Mesh, after: Mesh): Change[] {
  const [was, is] = [callsOf(before), callsOf(after)];
  const name = callName([...was.values(), ...is.values()]);
  const changed = [...is.values()].flatMap(({ method, workload }) => {
    const old = was.get(method.path);
    if (old === undefined) return [newCall(method, name(method, workload))];
    return callChanges(old.method, method, name(method, workload));
  });
  const gone = [...was.values()]
    .filter(({ method }) => !is.has(method.path))
    .map(({ method, workload }) => goneCall(method, name(method, workload)));
  return [...changed, ...gone];
}

function byName(mesh: Mesh): Map<string, MeshWorkload> {
  return new Map(mesh.workloads.map((it) => [it.name, it]));
}

function eachWorkload(before: Mesh, after: Mesh): Change[] {
  const [was, is] = [byName(before), byName(after)];
  const changed = [...is.values()].flatMap((it) => {
    const old = was.get(it.name);
    return old === undefined ? newWorkload(it) : workloadChanges(old, it);
  });
  const gone = [...was.keys()].filter((it) => !is.has(it)).map((it) => alters(`gone: the service ${it}`));
  return [...changed, ...gone];
}

function network(before: Mesh, after: Mesh): Change[] {
  const arrows = ({ graph }: Mesh) => graph.map((it) => `${it.caller} → ${it.callee}`);
  const [was, is] = [new Set(arrows(before)), new Set(arrows(after))];
  return [
    ...[...is.difference(was)].map((it) => opens(`the network opens ${it}`)),
    ...[...was.difference(is)].map((it) => closes(`the network closes ${it}`)),
  ];
}

/** What is different between two meshes, in sentences; what opens access comes first. */
export function diffMeshes(before: Mesh, after: Mesh): Change[] {
  const all = [...eachWorkload(before, after), ...eachCall(before, after), ...network(before, after)];
  return EFFECTS.flatMap((effect) => all.filter((it) => it.effect === effect));
}
