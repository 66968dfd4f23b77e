import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StorefrontService } from "#gen/shop/api/v1/storefront_service_pb.js";
import type { Workload } from "#kit/settings.ts";
import { type Books, openBooks } from "./testing/books.ts";
import { type Askers, DEPENDANTS, type Dependants, FAILURES, refusalOf } from "./testing/failures.ts";
import { type EngineName, type FragileEngine, settingsOf, startFragileEngines } from "./testing/fragile-engines.ts";
import { checkInvariants } from "./testing/invariants.ts";
import { type Buyer, type Load, signUpBuyers, startLoad } from "./testing/load.ts";
import { type ReplicatedShop, startReplicas } from "./testing/replicas.ts";
import { createTestProduct, signInAdministrator } from "./testing/shelf.ts";

// Each engine goes away in each way in the middle of load. Nobody's process ends, who needs it says so, callers are told
// soon when to come back, everything goes on by itself when it is back, and everything adds up.

const START_MS = 240_000;
const TEST_MS = 150_000;
const BUYERS = 4;
const STOCK = 1_000_000;
const BEFORE_MS = 500;
const AWAY_MS = 3_500;
const RECOVERY = { timeout: 30_000, interval: 100 };
/** What an operation may take of an engine that hangs, on a machine that is busy. */
const REFUSED_WITHIN_MS = 4_000;
/** Once it is known to be away, nobody waits for it but who looks whether it is back. */
const REFUSED_AT_ONCE_MS = 500;
const ASKED_TIMES = 4;
/** A page without what its parts do not give in time. */
const HOME_WITHIN_MS = 5_000;

const WORKLOADS: readonly Workload[] = ["auth", "product", "cart", "image", "order", "api"];

let engines: Record<EngineName, FragileEngine>;
let shop: ReplicatedShop;
let books: Books;
let buyers: Buyer[];
let administrator: Askers["administrator"];

beforeAll(async () => {
  engines = await startFragileEngines();
  shop = await startReplicas(Object.fromEntries(WORKLOADS.map((it) => [it, 1])), settingsOf(engines));
  books = await openBooks({ postgresUrl: engines.PostgreSQL.directUrl, mongodbUrl: engines.MongoDB.directUrl });
  buyers = await signUpBuyers(shop, BUYERS);
  administrator = await signInAdministrator(shop);
}, START_MS);
afterAll(async () => {
  await books?.close();
  await shop?.close();
  for (const { server, proxy } of Object.values(engines ?? {})) {
    await proxy.close();
    await server.close();
  }
});

describe.each(Object.keys(DEPENDANTS) as EngineName[])("%s in the middle of load", (engine) => {
  const { sells } = DEPENDANTS[engine];
  it.each(Object.entries(FAILURES))("is %s", { timeout: TEST_MS }, async (name, failure) => {
    const productId = `${engine}-${name}`.toLowerCase().replaceAll(/[, ]+/g, "-");
    await createTestProduct(shop, productId, STOCK);
    const load = startLoad(shop, buyers, productId);
    try {
      await sleep(BEFORE_MS);
      await failure.begin(engines[engine]);
      try {
        if (failure.lasts) await seeThatItIsAway(DEPENDANTS[engine], productId);
      } finally {
        await failure.end(engines[engine]);
      }
      await untilBack(load);
    } finally {
      await load.stop();
    }
    expect(shop.died()).toEqual([]);
    if (sells) expect(load.failures).toEqual([]);
    // Who asks again and again may run out of time while waiting for what is still away.
    for (const it of load.failures)
      if (it.code !== "DeadlineExceeded") expect(it).toMatchObject({ code: "Unavailable", saysWhen: true });
    await checkInvariants(shop, books, { productId, initialStock: STOCK, buyers });
  });
});

async function seeThatItIsAway({ notReady, calls }: Dependants, productId: string): Promise<void> {
  const since = Date.now();
  const home = refusalOf(() => shop.onceClient(StorefrontService).getHome({}));
  for (const it of WORKLOADS) {
    if (notReady.includes(it)) await expect.poll(() => shop.notReady(it), RECOVERY).toHaveLength(1);
    else expect(await shop.notReady(it), `${it} does not need it`).toEqual([]);
  }
  const buyer = buyers[0]?.user ?? {};
  const refusals = calls(shop, { buyer, administrator, productId }).map(async (call) => {
    const all = [];
    for (let times = 0; times < ASKED_TIMES; times++) all.push(await refusalOf(call));
    for (const it of all) expect(it).toMatchObject({ code: "Unavailable", saysWhen: true });
    expect(Math.max(...all.map((it) => it.ms))).toBeLessThan(REFUSED_WITHIN_MS);
    expect(Math.min(...all.map((it) => it.ms))).toBeLessThan(REFUSED_AT_ONCE_MS);
  });
  await Promise.all(refusals);
  expect(await home).toMatchObject({ code: "OK" });
  expect((await home).ms).toBeLessThan(HOME_WITHIN_MS);
  await sleep(Math.max(0, since + AWAY_MS - Date.now()));
}

/** Waits until everybody is ready and things are sold again. */
async function untilBack(load: Load): Promise<void> {
  const before = load.purchases();
  await expect.poll(() => load.purchases(), RECOVERY).toBeGreaterThan(before + BUYERS);
  for (const it of WORKLOADS) await expect.poll(() => shop.notReady(it), RECOVERY).toEqual([]);
}
