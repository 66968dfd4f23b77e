/** A point of the drawing. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where a workload is drawn. */
export interface Place extends Point {
  readonly name: string;
}

/** The size of the drawing and of a workload's box, in its own units. */
export const MESH = { width: 760, height: 430, box: { width: 112, height: 42 }, margin: 16 } as const;
/** How far a call bends towards the middle, as a share of the way there. */
const BEND = 0.45;

/** Puts workloads around an ellipse, callers before those they call, so that no call crosses a box that is not its own. */
export function layoutMesh(names: readonly string[], edges: readonly { caller: string; callee: string }[]): Place[] {
  const all = [...new Set([...names, ...edges.flatMap(({ caller, callee }) => [caller, callee])])];
  const calls = (name: string) => edges.filter(({ caller }) => caller === name).length;
  const called = (name: string) => edges.filter(({ callee }) => callee === name).length;
  const ranked = all.toSorted((a, b) => called(a) - calls(a) - (called(b) - calls(b)) || a.localeCompare(b));
  const center = middle();
  const reachX = center.x - MESH.box.width / 2 - MESH.margin;
  const reachY = center.y - MESH.box.height / 2 - MESH.margin;
  return ranked.map((name, index) => {
    const angle = Math.PI + (index * 2 * Math.PI) / ranked.length;
    return { name, x: center.x + reachX * Math.cos(angle), y: center.y + reachY * Math.sin(angle) };
  });
}

/** The line of a call: from the edge of one box to the edge of the other, bent towards the middle. */
export function callLine(from: Point, to: Point): { start: Point; bend: Point; end: Point; degrees: number } {
  const center = middle();
  const half = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const bend = { x: half.x + (center.x - half.x) * BEND, y: half.y + (center.y - half.y) * BEND };
  const end = borderTowards(to, bend);
  const degrees = (Math.atan2(end.y - bend.y, end.x - bend.x) * 180) / Math.PI;
  return { start: borderTowards(from, bend), bend, end, degrees };
}

function borderTowards(box: Point, target: Point): Point {
  const [dx, dy] = [target.x - box.x, target.y - box.y];
  const share = Math.min(MESH.box.width / 2 / Math.abs(dx || 1e-9), MESH.box.height / 2 / Math.abs(dy || 1e-9));
  return { x: box.x + dx * share, y: box.y + dy * share };
}

function middle(): Point {
  return { x: MESH.width / 2, y: MESH.height / 2 };
}
