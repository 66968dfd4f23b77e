import type { MeshEdge, MeshStatus } from "#gen/shop/api/v1/mesh_service_pb.js";
import { callLine, layoutMesh, MESH, type Place } from "../lib/mesh-layout.ts";
import "./mesh-map.css";

const MAX_STROKE = 6;

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
      <p className="mesh-hint soft small">Swipe sideways to see all of it.</p>
      <svg viewBox={`0 0 ${MESH.width} ${MESH.height}`} role="img" aria-label={describe(status)}>
        {status.edges.map((edge) => {
          const [from, to] = [at.get(edge.caller), at.get(edge.callee)];
          return (
            from && to && from !== to && <Call key={`${edge.caller} ${edge.callee}`} edge={edge} from={from} to={to} />
          );
        })}
        {places.map((place) => (
          <Workload key={place.name} place={place} state={stateOf(ready.get(place.name))} />
        ))}
      </svg>
    </div>
  );
}

function Workload({ place, state }: { readonly place: Place; readonly state: string }) {
  const { width, height } = MESH.box;
  return (
    <g transform={`translate(${place.x} ${place.y})`} data-state={state} className="mesh-node">
      <rect x={-width / 2} y={-height / 2} width={width} height={height} rx="10" />
      {state !== "unknown" && <circle cx={-width / 2 + 16} r="4.5" />}
      <text x={state === "unknown" ? 0 : 9} dominantBaseline="central" textAnchor="middle">
        {place.name}
      </text>
    </g>
  );
}

function Call({ edge, from, to }: { readonly edge: MeshEdge; readonly from: Place; readonly to: Place }) {
  const width = Math.min(1.5 + Math.log2(1 + edge.callsPerSecond), MAX_STROKE);
  const { start, bend, end, degrees } = callLine(from, to);
  return (
    <g className="mesh-call" data-busy={edge.callsPerSecond > 0} data-failing={edge.errors > 0n}>
      <title>
        {edge.caller} calls {edge.callee}: {edge.count.toString()} calls, {edge.errors.toString()} failed
      </title>
      <path
        className="mesh-line"
        strokeWidth={width}
        d={`M${start.x} ${start.y} Q${bend.x} ${bend.y} ${end.x} ${end.y}`}
      />
      <path
        className="mesh-head"
        d="M1 0 L-10 -5.5 L-10 5.5z"
        transform={`translate(${end.x} ${end.y}) rotate(${degrees})`}
      />
    </g>
  );
}

// Who has no health of its own, as the edge that serves this page, gets no mark.
const stateOf = (ready: boolean | undefined) => (ready === undefined ? "unknown" : ready ? "ready" : "down");

function describe({ edges }: MeshStatus): string {
  const calls = edges.map(({ caller, callee }) => `${caller} calls ${callee}`).join(", ");
  return calls === "" ? "No calls between the services yet" : `Who calls whom: ${calls}`;
}
