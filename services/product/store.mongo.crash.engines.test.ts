import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { isFailure } from "#kit/failure.ts";
import { type Mongo, openMongo } from "#kit/mongo/client.ts";
import { migrateMongo } from "#kit/mongo/migrate.ts";
import { testMongo } from "#kit/testing/engines/shared.ts";
import { addProduct } from "./store.contract.ts";
import type {
  AdjustmentDocument,
  EventDocument,
  ProductDocument,
  ReservationDocument,
} from "./store.mongo.documents.ts";
import { MIGRATIONS } from "./store.mongo.migrations.ts";
import { createMongoStore } from "./store.mongo.ts";
import type { ProductStore, StockLine } from "./store.ts";
import { createCrashingMongo, type Ending } from "./testing/crashing-mongo.ts";

// Short, so that what takes half a minute in a shop takes half a second here.
const TIMES = { workMs: 300, clockSkewMs: 150, giveBackMs: 100 };
const LONG_OVER_MS = TIMES.workMs + TIMES.clockSkewMs;
const HOLD_MS = 600_000;
const STOCK = 10;
const WRITES_MAX = 40;
const RUNS_AT_ONCE = 8;
const TRIES_MAX = 20;

const log = pino({ level: "silent" });
let mongo: Mongo;
/** Another replica, which does not crash. */
let other: ProductStore;

beforeAll(async () => {
  const url = await testMongo();
  await migrateMongo({ url, workload: "product", migrations: MIGRATIONS, log });
  mongo = openMongo({ url, workload: "product", log });
  other = createMongoStore({ mongo, log, times: TIMES });
});
afterAll(() => mongo?.close());

/** An order for three products, with ids for whatever is done to it. */
interface Subject {
  readonly orderId: string;
  readonly requestId: string;
  readonly eventId: string;
  readonly lines: readonly StockLine[];
}

async function createSubject(stocks: readonly number[]): Promise<Subject> {
  const lines: StockLine[] = [];
  for (const [index, stock] of stocks.entries())
    lines.push({ productId: (await addProduct(other, stock)).productId, quantity: index + 1 });
  return { orderId: randomUUID(), requestId: randomUUID(), eventId: randomUUID(), lines };
}

type Act = (store: ProductStore, subject: Subject) => Promise<unknown>;
/** Pieces of each line at the end: in the hands of the order, added by an adjustment, counted by an event. */
interface Outcome {
  readonly taken: boolean;
  /** Whether another order bought as much. */
  readonly soldToOther?: boolean;
  readonly adjusted?: number;
  readonly counted?: boolean;
}

const reserve: Act = (store, { orderId, lines }) => store.reserve(orderId, lines, HOLD_MS);
const lapse: Act = (store, { orderId, lines }) => store.reserve(orderId, lines, 0);
const confirm: Act = (store, { orderId }) => store.confirm(orderId);
const release: Act = (store, { orderId }) => store.release(orderId);
const buy: Act = async (store, subject) => [await reserve(store, subject), await confirm(store, subject)];
const sweep: Act = (store) => store.expire(100);
/** Another order, so that the books would bear it if the pieces of this one came back twice. */
const sellToOther: Act = async (store, { lines }) => {
  const orderId = randomUUID();
  await store.reserve(orderId, lines, HOLD_MS);
  await store.confirm(orderId);
};
const settle: Act = () => sleep(LONG_OVER_MS + 50).then(() => sweep(other, {} as Subject));
const adjust: Act = (store, { requestId, lines: [line] }) =>
  store.adjust({ requestId, productId: line?.productId ?? "", delta: 5 });
const count: Act = (store, { eventId, lines }) => store.countSales(eventId, lines);
const ignore = () => {};

/** Asks until there is an answer, as who wants something does: on a busy machine the short time may be over. */
async function insist(act: Act, subject: Subject): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await act(other, subject);
      return;
    } catch (error) {
      if (tries === TRIES_MAX || !isFailure(error, ErrorReasonSchema, ErrorReason.DEPENDENCY_UNAVAILABLE)) throw error;
    }
  }
}

interface Scenario {
  readonly name: string;
  /** Done before, by a replica that does not crash. */
  readonly given?: readonly Act[];
  /** What the crash comes into. */
  readonly act: Act;
  /** What who asked does when the answer does not come: asks again, perhaps another replica. */
  readonly again?: Act;
  readonly outcome: Outcome;
  readonly stocks?: readonly number[];
  /** The first write of interest; without one before it, nothing has begun. */
  readonly first?: number;
  /** Whether it works on what is due for everybody, and so must be alone. */
  readonly isSweep?: boolean;
}

const PLENTY = [STOCK, STOCK, STOCK];
const SCENARIOS: readonly Scenario[] = [
  { name: "reserve, and again", act: reserve, again: reserve, outcome: { taken: true } },
  { name: "reserve, and nobody asks again", act: reserve, outcome: { taken: false } },
  { name: "reserve, and release", act: reserve, again: release, outcome: { taken: false } },
  { name: "reserve, and buy", act: reserve, again: buy, outcome: { taken: true } },
  { name: "reserve what is not all there", act: reserve, stocks: [STOCK, STOCK, 2], outcome: { taken: false } },
  { name: "reserve again what lapsed", given: [lapse, sweep], act: reserve, again: reserve, outcome: { taken: true } },
  { name: "confirm", given: [reserve], act: confirm, again: confirm, outcome: { taken: true } },
  { name: "release what is held", given: [reserve], act: release, again: release, outcome: { taken: false } },
  { name: "release what is held, once", given: [reserve], act: release, first: 2, outcome: { taken: false } },
  {
    name: "release what is confirmed",
    given: [reserve, confirm],
    act: release,
    again: release,
    outcome: { taken: false },
  },
  {
    name: "release what is sold",
    given: [sellToOther, reserve, confirm, settle],
    act: release,
    again: release,
    outcome: { taken: false, soldToOther: true },
  },
  {
    name: "release what is sold, once",
    given: [sellToOther, reserve, confirm, settle],
    act: release,
    first: 2,
    outcome: { taken: false, soldToOther: true },
  },
  { name: "adjust", act: adjust, again: adjust, outcome: { taken: false, adjusted: 5 } },
  { name: "count sales", act: count, again: count, outcome: { taken: false, counted: true } },
  {
    name: "sweep a hold that is over",
    given: [lapse],
    act: sweep,
    again: sweep,
    outcome: { taken: false },
    stocks: [STOCK, STOCK],
    isSweep: true,
  },
  {
    name: "sweep a sale",
    given: [reserve, confirm, () => sleep(LONG_OVER_MS + 50)],
    act: sweep,
    again: sweep,
    outcome: { taken: true },
    stocks: [STOCK, STOCK],
    isSweep: true,
  },
  {
    name: "sweep a return",
    given: [reserve, confirm, release, () => sleep(LONG_OVER_MS + 50)],
    act: sweep,
    again: sweep,
    outcome: { taken: false },
    stocks: [STOCK, STOCK],
    isSweep: true,
  },
];

const collections = () => ({
  products: mongo.collection<ProductDocument>("products"),
  reservations: mongo.collection<ReservationDocument>("reservations"),
  adjustments: mongo.collection<AdjustmentDocument>("adjustments"),
  events: mongo.collection<EventDocument>("events"),
});

/** Every product's books are right, at whatever moment. */
async function checkBooks({ lines }: Subject): Promise<void> {
  const found = await collections()
    .products.find({ _id: { $in: lines.map((it) => it.productId) } })
    .toArray();
  for (const { stock, holds, sold, initialStock, adjusted, inStock } of found) {
    const held = holds.reduce((sum, it) => sum + it.quantity, 0);
    expect(Math.min(stock, held, sold)).toBeGreaterThanOrEqual(0);
    expect(stock + held + sold).toBe(initialStock + adjusted);
    expect(inStock).toBe(stock > 0);
  }
}

/** Sweeps as replicas do until there is nothing left to do for the subject. */
async function sweepAll({ orderId, requestId, eventId }: Subject): Promise<void> {
  for (;;) {
    await other.expire(100);
    const { reservations, adjustments, events } = collections();
    const open = await Promise.all([
      reservations.countDocuments({ _id: orderId, "next.step": { $exists: true, $ne: "expire" } }),
      adjustments.countDocuments({ _id: requestId, next: { $exists: true } }),
      events.countDocuments({ _id: eventId, next: { $exists: true } }),
    ]);
    if (open.every((it) => it === 0)) return;
    await sleep(50);
  }
}

/** What each product says at the end. */
async function checkOutcome(subject: Subject, stocks: readonly number[], outcome: Outcome): Promise<void> {
  await checkBooks(subject);
  for (const [index, { productId, quantity }] of subject.lines.entries()) {
    const product = await collections().products.findOne({ _id: productId });
    const orders = Number(outcome.taken) + Number(outcome.soldToOther ?? false);
    const added = index === 0 ? (outcome.adjusted ?? 0) : 0;
    expect(product).toMatchObject({
      stock: (stocks[index] ?? 0) + added - orders * quantity,
      soldCount: outcome.counted ? quantity : 0,
      marks: [],
    });
  }
}

/** Plays a scenario with a crash at the nth write; false if there are fewer. */
async function play(scenario: Scenario, last: number, ending: Ending): Promise<boolean> {
  const { given = [], act, again, outcome, stocks = PLENTY } = scenario;
  const subject = await createSubject(stocks);
  for (const it of given) await insist(it, subject);
  const crashing = createCrashingMongo(mongo, last, ending);
  await act(createMongoStore({ mongo: { ...crashing, db: mongo.db }, log, times: TIMES }), subject).catch(ignore);
  await checkBooks(subject);
  if (!crashing.crashed()) return false;
  if (again !== undefined) await insist(again, subject);
  await checkBooks(subject);
  if (ending === "late" && last % 2 === 0) await crashing.arrive(); // soon, or long after
  await sleep(LONG_OVER_MS);
  await sweepAll(subject);
  await crashing.arrive();
  await sweepAll(subject);
  const nobodyAsked = act === reserve && again === undefined;
  if (nobodyAsked && stocks === PLENTY) {
    // Nobody knows whether it was held; releasing it, as who asked will, must bring it to an end.
    await insist(release, subject);
    await sweepAll(subject);
  }
  await checkOutcome(subject, stocks, outcome);
  return true;
}

/** Crashes at every write there is. */
async function playAll(scenario: Scenario, ending: Ending): Promise<number> {
  let last = (scenario.first ?? 1) - 1;
  let more = true;
  const worker = async () => {
    while (more && last < WRITES_MAX) {
      const mine = ++last;
      if (!(await play(scenario, mine, ending))) more = false;
    }
  };
  await Promise.all(Array.from({ length: scenario.isSweep ? 1 : RUNS_AT_ONCE }, worker));
  return last;
}

describe("a process that ends at any of its writes leaves nothing wrong, and nothing undone", () => {
  it.each(SCENARIOS.flatMap((it) => (["before", "after", "late"] as const).map((ending) => ({ ...it, ending }))))(
    "$name: $ending",
    async ({ ending, ...scenario }) => {
      expect(await playAll(scenario, ending)).toBeLessThan(WRITES_MAX);
    },
    120_000,
  );
});
