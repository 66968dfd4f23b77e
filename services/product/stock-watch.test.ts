import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "#kit/testing/eventually.ts";
import { createStockWatch, type StockWatch, type StockWatchOptions } from "./stock-watch.ts";
import { WATCHERS_MAX } from "./stock-watchers.ts";

const log = { warn() {} };
const GATHER_MS = 5;

let watch: StockWatch | undefined;
afterEach(() => watch?.close());

/** A store with some stock, which tells of changes only when it is told to. */
function fakeStore(stock: Record<string, number>) {
  let tell: (ids: readonly string[] | undefined) => void = () => {};
  const readings: (readonly string[])[] = [];
  const faults: Error[] = [];
  return {
    stock,
    readings,
    faults,
    tell: (ids: readonly string[] | undefined) => tell(ids),
    async readStock(ids: readonly string[]) {
      readings.push(ids);
      const fault = faults.pop();
      if (fault !== undefined) throw fault;
      return new Map(ids.flatMap((it) => (it in stock ? [[it, stock[it] ?? 0] as const] : [])));
    },
    async onStockChange(onChange: (ids: readonly string[] | undefined) => void) {
      tell = onChange;
      return async () => {};
    },
  };
}

async function open(store: ReturnType<typeof fakeStore>, options: Partial<StockWatchOptions> = {}) {
  watch = await createStockWatch({ store, log, gatherMs: GATHER_MS, ...options });
  return watch;
}

/** Watches until it is left; everything that was told. */
const follow = (watching: StockWatch, ...ids: string[]) => followAs("somebody", watching, ...ids);

function followAs(client: string, watching: StockWatch, ...ids: string[]) {
  const leave = new AbortController();
  const told: [string, number][] = [];
  const done = (async () => {
    for await (const levels of watching.watch(client, ids, leave.signal))
      told.push(...levels.map((it) => [it.productId, it.stock] as [string, number]));
  })();
  return { told, done, leave: () => leave.abort() };
}

describe("a watch of stock", () => {
  it("reads once for all who watch, and only what somebody watches", async () => {
    const store = fakeStore({ a: 1, b: 1 });
    const watching = await open(store);
    const all = [follow(watching, "a"), follow(watching, "a"), follow(watching, "b")];
    await eventually(() => expect(all.map((it) => it.told.length)).toEqual([1, 1, 1]));
    store.readings.length = 0;
    store.stock.a = 7;
    for (let times = 0; times < 100; times++) store.tell(["a", "nobody-looks-at-it"]);
    await eventually(() => expect(all.map((it) => it.told.at(-1)?.[1])).toEqual([7, 7, 1]));
    expect(store.readings).toEqual([["a"]]);
    for (const it of all) it.leave();
    await Promise.all(all.map((it) => it.done));
    store.tell(["a"]);
    await sleep(GATHER_MS * 4);
    expect(store.readings).toHaveLength(1);
  });

  it("reads everything after a loss, and now and then, and tells only what is another than it was", async () => {
    const store = fakeStore({ a: 1, b: 1 });
    const watching = await open(store, { rereadMs: 50 });
    const { told } = follow(watching, "a", "b");
    await eventually(() => expect(told).toHaveLength(2));
    store.stock.a = 2;
    store.tell(undefined);
    await eventually(() =>
      expect(told).toEqual([
        ["a", 1],
        ["b", 1],
        ["a", 2],
      ]),
    );
    store.stock.b = 3; // nobody tells
    await eventually(() => expect(told.at(-1)).toEqual(["b", 3]));
  });

  it("tries again when the store fails, and says so to who comes", async () => {
    const store = fakeStore({ a: 1 });
    const watching = await open(store);
    const { told } = follow(watching, "a");
    await eventually(() => expect(told).toHaveLength(1));
    store.faults.push(new Error("away"));
    store.stock.a = 2;
    store.tell(["a"]);
    await eventually(() => expect(told.at(-1)).toEqual(["a", 2]));
    store.faults.push(new Error("away"));
    await expect(follow(watching, "a").done).rejects.toThrow("away");
    expect(watching.watchers).toBe(1);
  });

  it("has room for so many and no more", async () => {
    const watching = await open(fakeStore({ a: 1 }), { watchersMax: 1 });
    const first = follow(watching, "a");
    await eventually(() => expect(first.told).toHaveLength(1));
    await expect(followAs("other", watching, "a").done).rejects.toMatchObject({
      reason: "OVERLOADED",
      code: Code.ResourceExhausted,
      details: { retryAfterMs: 5_000 },
    });
    first.leave();
    await first.done;
    expect(watching.watchers).toBe(0);
  });

  it("has room for so many of one client, and for others beside them", async () => {
    const watching = await open(fakeStore({ a: 1 }), { perClientMax: 2 });
    const [first, second] = [follow(watching, "a"), follow(watching, "a")];
    await eventually(() => expect([first.told, second.told].map((it) => it.length)).toEqual([1, 1]));
    for (let times = 0; times < 3; times++)
      await expect(follow(watching, "a").done).rejects.toMatchObject({
        reason: "RATE_LIMITED",
        code: Code.ResourceExhausted,
        details: { retryAfterMs: 15_000 },
      });
    const other = followAs("other", watching, "a");
    await eventually(() => expect(other.told).toHaveLength(1));
    first.leave();
    await first.done;
    const third = follow(watching, "a");
    await eventually(() => expect(third.told).toHaveLength(1));
    for (const it of [second, third, other]) it.leave();
    await Promise.all([second, third, other].map((it) => it.done));
    expect(watching.watchers).toBe(0);
  });

  it("leaves the proxies room for other calls, however many replicas there are", async () => {
    const numberIn = async (path: string, name: string) => {
      const text = await readFile(new URL(`../../${path}`, import.meta.url), "utf8");
      return Number(new RegExp(`\\b${name}: (\\d+)`).exec(text)?.[1]);
    };
    const replicasMax = await numberIn("k8s/base/generated/product.yaml", "maxReplicas");
    const requestsMax = await numberIn("istio/generated/destination-rules.yaml", "http2MaxRequests");
    const edgeRequestsMax = await numberIn("istio/generated/envoy/envoy.yaml", "max_requests");
    expect(WATCHERS_MAX * replicasMax).toBeLessThanOrEqual(Math.min(requestsMax, edgeRequestsMax) * 0.75);
  });
});
