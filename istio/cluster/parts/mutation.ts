import { afterAll, describe, expect, it } from "vitest";
import { EDGE, type Mesh, type MeshMethod } from "../../model.ts";
import { until } from "../lib/kubectl.ts";
import { type StandIn, standIn } from "../lib/stand-in.ts";
import { type Changed, changed, changedMethod, isCall, withClosed } from "../mutation/applied.ts";
import { CHANGES, type Change } from "../mutation/changes.ts";
import { STAGE_MS, stage } from "../stage.ts";
import { meshVerdict } from "../table/cells.ts";
import { runTable, type TableResult } from "../table/run.ts";
import { knock, type Seen } from "../traffic/knocking.ts";

/** How long proxies may take to hear of a change. */
const HEARD_MS = 60_000;
/** A call that is not cut within this time has no timeout: the longest of the calls that change is 3 s. */
const PATIENCE_MS = 6_000;

async function table(change: Change, mesh: Mesh): Promise<TableResult> {
  const { runner, tokens } = await stage();
  return runTable({ mesh, runner, tokens: await tokens(), expected: meshVerdict, part: { wanted: isCall(change) } });
}

/** The rows of the table that a change is about, as a mesh wants them. */
async function faultsOf(change: Change, mesh: Mesh, other: Mesh): Promise<readonly string[]> {
  const gone = changedMethod(mesh, change) === undefined ? changedMethod(other, change) : undefined;
  const whole = gone === undefined ? mesh : withClosed(mesh, gone.callee, gone.method);
  return (await table(change, whole)).faults;
}

/** Whether a call, made to a server that does not answer or always fails, went as its contract has it. */
function fits({ idempotency, kind, timeoutMs }: MeshMethod, { outcome, counts, behaviour }: Seen): boolean {
  if (counts.arrived === 0) throw new Error(`the call did not arrive: ${JSON.stringify(outcome)}`);
  if (behaviour === "hang") {
    const limitMs = timeoutMs ?? PATIENCE_MS;
    return Math.abs(outcome.tookMs - limitMs) < 900;
  }
  return counts.arrived > 1 === (kind === "unary" && idempotency !== "none");
}

describe("a changed contract", () => {
  let product: StandIn | undefined;
  afterAll(() => product?.leave(), STAGE_MS);

  async function seen(change: Change, mesh: Mesh): Promise<boolean> {
    const found = changedMethod(mesh, change);
    if (found === undefined) throw new Error(`${change.what}: the call is not there`);
    const scene = await stage();
    const port = scene.mesh.workloads.find((it) => it.name === found.callee)?.port ?? 0;
    product ??= await standIn(found.callee, port);
    const [caller = EDGE] = found.method.callers;
    const behaviour = change.seen === "slow" ? "hang" : "fail by gRPC";
    const attempts = [{ caller, path: found.method.path, behaviour } as const];
    const callee = { host: found.callee, port };
    const [it] = await knock({
      stage: scene,
      standIn: product,
      callee,
      attempts,
      atOnce: true,
      patienceMs: PATIENCE_MS,
    });
    return it !== undefined && fits(found.method, it);
  }

  /** Whether the cluster treats the changed call as a mesh wants it. */
  async function holds(change: Change, mesh: Mesh, other: Mesh): Promise<boolean> {
    if (change.seen === "table") return (await faultsOf(change, mesh, other)).length === 0;
    return seen(change, mesh);
  }

  it.each(CHANGES.map((it) => [it.what, it] as const))(
    "in which %s is not held to until its files are applied, and then it is",
    { timeout: STAGE_MS },
    async (_, change) => {
      const { mesh } = await stage();
      const next: Changed = await changed(change);
      expect(next.files).not.toEqual([]);
      expect(await holds(change, next.mesh, mesh), "before its files are applied").toBe(false);
      const wait = { timeoutMs: HEARD_MS };
      try {
        await next.apply();
        await until(
          "the changed contract holds",
          async () => ((await holds(change, next.mesh, mesh)) ? true : undefined),
          wait,
        );
      } finally {
        await next.restore();
      }
      await until(
        "the contract holds again",
        async () => ((await holds(change, mesh, next.mesh)) ? true : undefined),
        wait,
      );
    },
  );
});
