import type { MeshEdge, MeshStatus } from "#gen/shop/api/v1/mesh_service_pb.js";
import { layoutMesh, MESH, type Place } from "../lib/mesh-layout.ts";
import "./mesh-map.css";

const BOX = { width: 104, height: 42 } as const;
const MAX_STROKE = 7;

/** Who calls whom, drawn: the thicker the line, the more calls. */
export function MeshMap({ status }: { readonly status: MeshStatus }) {
  const places = layoutMesh(
    status.workloads.map(({ workload }) => workload),
    status.edges,
  );
  const at = new Map(places.map((place) => [place.name, place]));
  const ready = new Map(status.workloads.map(({ workload, ready: isReady }) => [workload, isReady]));
  return (
    <div className="mesh-map">
      <svg viewBox={`0 0 ${MESH.width} ${MESH.height}`} role="img" aria-label={describe(status)}>
        {status.edges.map((edge) => {
          const [from, to] = [at.get(edge.caller), at.get(edge.callee)];
          return from && to && from !== to && <Call key={`${edge.caller} ${edge.callee}`} edge={edge} from={from} to={to} />;
        })}
        {places.map(({ name, x, y }) => (
          <g key={name} transform={`translate(${x} ${y})`} data-state={stateOf(ready.get(name))} className="mesh-node">
            <rect x={-BOX.width / 2} y={-BOX.height / 2} width={BOX.width} height={BOX.height} rx="10" />
            <circle cx={-BOX.width / 2 + 15} r="4.5" />
            <text x="8" dominantBaseline="central" textAnchor="middle">
              {name}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}

function Call({ edge, from, to }: { readonly edge: MeshEdge; readonly from: Place; readonly to: Place }) {
  const width = Math.min(1.5 + Math.log2(1 + edge.callsPerSecond), MAX_STROKE);
  const bend = Math.max(Math.abs(to.x - from.x) / 2, 40);
  const [x1, x2] = [from.x + BOX.width / 2, to.x - BOX.width / 2];
  // A call to the same column goes around on the right.
  const path =
    to.x > from.x
      ? `M${x1} ${from.y} C${x1 + bend} ${from.y} ${x2 - bend} ${to.y} ${x2} ${to.y}`
      : `M${x1} ${from.y} C${x1 + 60} ${from.y} ${to.x + BOX.width / 2 + 60} ${to.y} ${to.x + BOX.width / 2} ${to.y}`;
  return (
    <path className="mesh-call" d={path} strokeWidth={width} data-busy={edge.callsPerSecond > 0} data-failing={edge.errors > 0n}>
      <title>
        {edge.caller} calls {edge.callee}: {edge.count.toString()} calls, {edge.errors.toString()} failed
      </title>
    </path>
  );
}

const stateOf = (ready: boolean | undefined) => (ready === undefined ? "unknown" : ready ? "ready" : "down");

function describe({ edges }: MeshStatus): string {
  const calls = edges.map(({ caller, callee }) => `${caller} calls ${callee}`).join(", ");
  return calls === "" ? "No calls between the services yet" : `Who calls whom: ${calls}`;
}
