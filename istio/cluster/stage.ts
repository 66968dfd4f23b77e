import { afterAll } from "vitest";
import type { Mesh } from "../model.ts";
import { readMesh } from "../shop.ts";
import { type Deployed, deployDev, tearDown } from "./lib/deploy.ts";
import { type Edge, findEdge } from "./lib/edge.ts";
import type { KubeObject } from "./lib/kubectl.ts";
import { type Runner, startRunner } from "./lib/runner.ts";
import { SETTINGS } from "./lib/settings.ts";
import { acceptedTokens } from "./lib/users.ts";
import { callersOfTable } from "./table/cells.ts";
import { printReport } from "./table/report.ts";
import type { Tokens } from "./table/run.ts";

/** A shop in the cluster, and the way into it. */
export interface Scene {
  /** Everything as it was applied. */
  readonly objects: readonly KubeObject[];
  readonly edge: Edge;
  /** A token of each kind; new ones after half of their life. */
  tokens(): Promise<Tokens>;
}

/** What every part of the test stands on: dev. */
export interface Stage extends Scene {
  readonly mesh: Mesh;
  readonly runner: Runner;
}

const TOKENS_FRESH_MS = 5 * 60_000;

/** Finds the way into a shop. */
export async function enter({ objects, host }: Deployed): Promise<Scene> {
  const edge = await findEdge(host);
  let held: { tokens: Promise<Tokens>; atMs: number } | undefined;
  const tokens = () => {
    if (held === undefined || Date.now() - held.atMs > TOKENS_FRESH_MS)
      held = { tokens: acceptedTokens(edge), atMs: Date.now() };
    return held.tokens;
  };
  return { objects, edge, tokens };
}

async function build(): Promise<Stage> {
  const mesh = await readMesh();
  const deployed = await deployDev();
  const [scene, runner] = await Promise.all([enter(deployed), startRunner(callersOfTable(mesh))]);
  return { mesh, runner, ...scene };
}

let built: Promise<Stage> | undefined;

/** The shop in the cluster, with the test's runner beside it: made once, by whoever asks first. */
export function stage(): Promise<Stage> {
  built ??= build();
  return built;
}

/** How long the shop may take until it stands. */
export const STAGE_MS = 600_000;

/** Takes down what was put up, when all is over. */
export function tearDownAtTheEnd(): void {
  afterAll(async () => {
    const it = await built?.catch(() => undefined);
    printReport();
    it?.edge.close();
    if (!SETTINGS.keep) await tearDown();
  }, STAGE_MS);
}
