import { vi } from "vitest";

vi.mock("./stage.ts", async () => {
  const { readMesh } = await import("../shop.ts");
  const { findEdge } = await import("./lib/edge.ts");
  const { acceptedTokens } = await import("./lib/users.ts");
  const mesh = await readMesh();
  const edge = await findEdge("shopmesh.localhost");
  return { STAGE_MS: 120_000, stage: async () => ({ mesh, edge, tokens: () => acceptedTokens(edge) }) };
});
await import("./parts/edge.ts");
