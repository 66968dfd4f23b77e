import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MeshService } from "#gen/shop/api/v1/mesh_service_pb.js";
import { ATTEMPTS_MAX } from "#kit/client/retry.ts";
import { EVERYBODY, type MeshMethod } from "../../model.ts";
import { type StandIn, standIn } from "../lib/stand-in.ts";
import { edgeTransport } from "../lib/users.ts";
import { STAGE_MS, type Stage, stage } from "../stage.ts";
import { type Attempt, knock, type Seen } from "../traffic/knocking.ts";

/** Called by three services and by browsers, with calls of every kind. */
const CALLEE = "product";
/** A proxy's clock and a busy machine's: a call is cut so much later at most. */
const LATE_MS = 1_500;
/** Longer than any call but a stream may take. */
const STREAM_MS = 35_000;

let scene: Stage;
let product: StandIn;
let port: number;
let methods: readonly MeshMethod[];

function attemptsOf(behaviour: Attempt["behaviour"]): (Attempt & { method: MeshMethod })[] {
  return methods.flatMap((method) =>
    (method.callers.includes(EVERYBODY) ? ["order"] : method.callers).map((caller) => ({
      caller,
      path: method.path,
      behaviour,
      method,
    })),
  );
}

function make(attempts: readonly Attempt[], atOnce: boolean): Promise<Seen[]> {
  return knock({ stage: scene, standIn: product, callee: { host: CALLEE, port }, attempts, atOnce });
}

const nameOf = ({ caller, path, behaviour }: Attempt) => `${caller} → ${path} (${behaviour})`;

/** Looks at a stream of the shop for longer than any call may take. */
async function watchStatus(): Promise<number> {
  const startMs = Date.now();
  const signal = AbortSignal.timeout(2 * STREAM_MS);
  for await (const _ of createClient(MeshService, edgeTransport(scene.edge)).watchStatus({}, { signal }))
    if (Date.now() - startMs > STREAM_MS) break;
  return Date.now() - startMs;
}

describe("times and retries, seen from the server's side", () => {
  let watched: Promise<number>;

  beforeAll(async () => {
    scene = await stage();
    watched = watchStatus();
    watched.catch(() => {}); // told by the test that waits for it
    const workload = scene.mesh.workloads.find((it) => it.name === CALLEE);
    port = workload?.port ?? 0;
    methods = workload?.methods.filter((it) => it.kind === "unary" && !it.diagnostic) ?? [];
    product = await standIn(CALLEE, port);
  }, STAGE_MS);
  afterAll(() => product?.leave(), STAGE_MS);

  it.each(["fail by gRPC", "fail by HTTP"] as const)(
    "a call that will %s arrives as often as its contract says",
    {
      timeout: STAGE_MS,
    },
    async (behaviour) => {
      const attempts = attemptsOf(behaviour);
      const seen = await make(attempts, false);
      const arrived = Object.fromEntries(seen.map((it) => [nameOf(it), it.counts.arrived]));
      expect(arrived).toEqual(
        Object.fromEntries(attempts.map((it) => [nameOf(it), it.method.idempotency === "none" ? 1 : ATTEMPTS_MAX])),
      );
    },
  );

  it("a slow call is cut at its contract's time, and the server is told", { timeout: STAGE_MS }, async () => {
    const attempts = attemptsOf("hang");
    const limits = new Map(attempts.map((it) => [nameOf(it), it.method.timeoutMs ?? 0]));
    const faults = (await make(attempts, true)).flatMap((it) => {
      const limitMs = limits.get(nameOf(it)) ?? 0;
      const { outcome, counts } = it;
      const inTime = outcome.tookMs >= limitMs * 0.95 && outcome.tookMs <= limitMs + LATE_MS;
      if (inTime && outcome.broken === undefined && counts.arrived === 1 && counts.cut === 1) return [];
      const took = Math.round(outcome.tookMs);
      const saw = `arrived ${counts.arrived}, cut ${counts.cut}`;
      return [`${nameOf(it)}: ${took} ms of ${limitMs}, ${saw}; ${JSON.stringify(outcome)}`];
    });
    expect(faults).toEqual([]);
  });

  it("a stream lives on beyond every timeout", { timeout: STAGE_MS }, async () => {
    expect(await watched).toBeGreaterThan(STREAM_MS);
  });
});
