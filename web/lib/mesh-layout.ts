/** Where a workload is drawn. */
export interface Place {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** The size of the drawing and of its parts, in its own units. */
export const MESH = { width: 760, height: 380, margin: 70 } as const;

/**
 * Puts workloads into columns from left to right: whoever is called by nobody first, then whom they call, and so on. A
 * column is the longest way there, so that calls go to the right as far as they can.
 */
export function layoutMesh(names: readonly string[], edges: readonly { caller: string; callee: string }[]): Place[] {
  const all = [...new Set([...edges.flatMap(({ caller, callee }) => [caller, callee]), ...names])];
  const column = new Map(all.map((name) => [name, 0]));
  // Longest ways by relaxation; the number of rounds bounds it where calls go in circles.
  for (let round = 1; round < all.length; round++) {
    for (const { caller, callee } of edges) {
      const next = Math.min((column.get(caller) ?? 0) + 1, all.length - 1);
      if (caller !== callee && next > (column.get(callee) ?? 0) && round < MAX_COLUMNS) column.set(callee, next);
    }
  }
  // Whom nobody calls and who calls nobody stands at the end, out of the way.
  const busy = new Set(edges.flatMap(({ caller, callee }) => [caller, callee]));
  const used = [...new Set(all.filter((name) => busy.has(name)).map((name) => column.get(name) ?? 0))].sort((a, b) => a - b);
  const last = Math.max(used.length - 1, 0);
  const rank = (name: string) => (busy.has(name) ? used.indexOf(column.get(name) ?? 0) : last);
  const columns = Map.groupBy(all, rank);
  return all.map((name) => {
    const peers = columns.get(rank(name)) ?? [];
    return {
      name,
      x: last === 0 ? MESH.width / 2 : MESH.margin + (rank(name) * (MESH.width - 2 * MESH.margin)) / last,
      y: (MESH.height * (peers.indexOf(name) + 1)) / (peers.length + 1),
    };
  });
}

const MAX_COLUMNS = 6;
