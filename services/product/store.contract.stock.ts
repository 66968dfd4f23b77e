import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Failure, failureMetadata } from "#kit/failure.ts";
import { addProduct, type StoreUnderTest } from "./store.contract.ts";
import type { ProductStore, StockLine } from "./store.ts";

const HOLD_MS = 60_000;
const WORKERS = 16;

/** The reason of the failure that work ends with, or what it answers. */
async function outcomeOf(work: Promise<unknown>): Promise<unknown> {
  return work.catch((error: unknown) => {
    if (error instanceof Failure) return error.reason;
    throw error;
  });
}

type Op = "reserve" | "expire" | "confirm" | "release";

// What happens to an order, what the last step answers, and how many of the 10 pieces are on sale then. "expire" ends
// the hold; "lapse" is a hold that is over but not undone yet.
const LIFE_CYCLES: readonly [steps: readonly (Op | "lapse")[], answer: unknown, stock: number][] = [
  [["reserve"], "reserved", 7],
  [["reserve", "reserve"], "reserved", 7],
  [["reserve", "confirm"], true, 7],
  [["reserve", "confirm", "confirm"], true, 7],
  [["reserve", "confirm", "reserve"], "reserved", 7],
  [["reserve", "confirm", "expire"], 0, 7],
  [["reserve", "release"], true, 10],
  [["reserve", "release", "release"], false, 10],
  [["reserve", "release", "confirm"], false, 10],
  [["reserve", "release", "reserve"], "RESERVATION_ENDED", 10],
  [["reserve", "confirm", "release"], true, 10],
  [["reserve", "confirm", "release", "confirm"], false, 10],
  [["release"], false, 10],
  [["release", "reserve"], "RESERVATION_ENDED", 10],
  [["confirm"], false, 10],
  [["lapse"], "reserved", 7],
  [["lapse", "confirm"], true, 7],
  [["lapse", "reserve", "expire"], 0, 7],
  [["lapse", "expire"], 1, 10],
  [["lapse", "expire", "confirm"], false, 10],
  [["lapse", "expire", "release"], false, 10],
  [["lapse", "expire", "reserve"], "reserved", 7],
  [["lapse", "expire", "reserve", "confirm"], true, 7],
  [["lapse", "expire", "release", "reserve"], "RESERVATION_ENDED", 10],
];

function stepper(store: ProductStore, orderId: string, productId: string) {
  const lines = [{ productId, quantity: 3 }];
  const reserve = (holdMs: number) => store.reserve(orderId, lines, holdMs).then(() => "reserved");
  const steps: Record<Op | "lapse", () => Promise<unknown>> = {
    reserve: () => reserve(HOLD_MS),
    lapse: () => reserve(0),
    expire: () => store.expire(100),
    confirm: () => store.confirm(orderId),
    release: () => store.release(orderId),
  };
  return (step: Op | "lapse") => outcomeOf(steps[step]());
}

type Doing = { orderId: string; wanted: readonly StockLine[]; productId: string; delta: number };
const DO = {
  reserve: (store: ProductStore, { orderId, wanted }: Doing) => store.reserve(orderId, wanted, HOLD_MS),
  lapse: (store: ProductStore, { orderId, wanted }: Doing) => store.reserve(orderId, wanted, 0),
  confirm: (store: ProductStore, { orderId }: Doing) => store.confirm(orderId),
  release: (store: ProductStore, { orderId }: Doing) => store.release(orderId),
  expire: (store: ProductStore) => store.expire(3),
  adjust: (store: ProductStore, { productId, delta }: Doing) =>
    store.adjust({ requestId: randomUUID(), productId, delta }),
};

const anOperation = fc.record({
  kind: fc.constantFrom<keyof typeof DO>("reserve", "reserve", "lapse", "confirm", "release", "expire", "adjust"),
  order: fc.nat(29),
  lines: fc.uniqueArray(fc.record({ product: fc.nat(3), quantity: fc.integer({ min: 1, max: 4 }) }), {
    selector: (it) => it.product,
    minLength: 1,
    maxLength: 4,
  }),
  delta: fc.integer({ min: -6, max: 6 }),
});

type Operation = typeof anOperation extends fc.Arbitrary<infer T> ? T : never;

/** What the stock part of every adapter does. */
export function stockContract(get: () => StoreUnderTest): void {
  it.each(LIFE_CYCLES)("%j answers %j and leaves %j", async (steps, answer, stock) => {
    const { store, audit } = get();
    await store.expire(1000);
    const { productId } = await addProduct(store);
    const step = stepper(store, randomUUID(), productId);
    let last: unknown;
    for (const it of steps) last = await step(it);
    expect(last).toEqual(answer);
    expect((await audit(productId)).stock).toBe(stock);
  });

  it("keeps to the first lines and prices, whatever the product costs since or the order asks later", async () => {
    const { store } = get();
    const product = await addProduct(store);
    const other = await addProduct(store);
    const orderId = randomUUID();
    const first = await store.reserve(
      orderId,
      [
        { productId: product.productId, quantity: 2 },
        { productId: other.productId, quantity: 1 },
      ],
      0,
    );
    expect(first.lines.map((it) => [it.productId, it.quantity])).toEqual([
      [product.productId, 2],
      [other.productId, 1],
    ]);
    expect(first.lines[0]).toMatchObject({ name: "Thing", unitPrice: product.price, picture: product.pictures[0] });
    const dearer = { ...product, name: "New", etag: "new", price: { currencyCode: "EUR", minorUnits: 9999 } };
    await store.replace(product.productId, dearer, { name: [], details: [], description: [] }, product.etag);
    const again = () => store.reserve(orderId, [{ productId: product.productId, quantity: 9 }], 0);
    expect((await again()).lines).toEqual(first.lines);
    await store.expire(1000);
    const third = await again();
    expect(third.lines).toEqual(first.lines);
    expect(third.expireTime.getTime()).toBeGreaterThan(first.expireTime.getTime());
  });

  it("holds all lines or none, and says what is missing", async () => {
    const { store, audit } = get();
    const [a, b] = [await addProduct(store, 5), await addProduct(store, 1)];
    const reserve = (productId: string, quantity: number) =>
      store.reserve(
        randomUUID(),
        [
          { productId: a.productId, quantity: 2 },
          { productId, quantity },
        ],
        HOLD_MS,
      );
    const failure = await reserve(b.productId, 2).catch((error: unknown) => error);
    expect(failureMetadata(failure)).toEqual({ product_id: b.productId, available: "1" });
    expect(await outcomeOf(reserve("no-such-thing", 1))).toBe("PRODUCT_NOT_FOUND");
    await store.remove(b.productId, undefined);
    expect(await outcomeOf(reserve(b.productId, 1))).toBe("PRODUCT_NOT_FOUND");
    expect((await audit(a.productId)).stock).toBe(5);
  });

  it("gives deleted products their pieces back, and undoes holds that are over before it refuses", async () => {
    const { store, audit } = get();
    const { productId } = await addProduct(store, 3);
    const reserve = (quantity: number, holdMs: number, orderId = randomUUID()) =>
      store.reserve(orderId, [{ productId, quantity }], holdMs);
    await reserve(3, 0);
    const orderId = randomUUID();
    await reserve(2, HOLD_MS, orderId);
    await store.remove(productId, undefined);
    await store.release(orderId);
    expect((await audit(productId)).stock).toBe(3);
  });

  it("sells 10 pieces to 10 of 100 buyers", async () => {
    const { store, audit } = get();
    const { productId } = await addProduct(store, 10);
    const buy = () =>
      outcomeOf(store.reserve(randomUUID(), [{ productId, quantity: 1 }], HOLD_MS).then(() => "reserved"));
    const outcomes = await Promise.all(Array.from({ length: 100 }, buy));
    expect(outcomes.filter((it) => it === "reserved")).toHaveLength(10);
    expect(outcomes.filter((it) => it === "OUT_OF_STOCK")).toHaveLength(90);
    expect(await audit(productId)).toEqual({ stock: 0, held: 10, sold: 0, adjusted: 0 });
  });

  it("adjusts once for each request id, never below nothing", async () => {
    const { store } = get();
    const { productId } = await addProduct(store, 5);
    const requestId = randomUUID();
    const adjust = (delta: number, id = randomUUID(), product = productId) =>
      outcomeOf(store.adjust({ requestId: id, productId: product, delta }));
    expect(await Promise.all([1, 2, 3].map(() => adjust(4, requestId)))).toEqual([9, 9, 9]);
    expect(await adjust(-9)).toBe(0);
    expect(await adjust(-1)).toBe("OUT_OF_STOCK");
    expect(await adjust(5, requestId)).toBe("INVALID_INPUT");
    expect(await adjust(1_000_001)).toBe("INVALID_INPUT");
    expect(await adjust(1, randomUUID(), "no-such-thing")).toBe("PRODUCT_NOT_FOUND");
  });

  it("counts the sales of an event once", async () => {
    const { store } = get();
    const { productId } = await addProduct(store);
    const lines = [
      { productId, quantity: 2 },
      { productId, quantity: 1 },
      { productId: "no-such-thing", quantity: 1 },
    ];
    const eventId = randomUUID();
    const counted = await Promise.all([1, 2, 3].map(() => store.countSales(eventId, lines)));
    expect(counted.filter((it) => it)).toHaveLength(1);
    await store.countSales(randomUUID(), [{ productId, quantity: -1 }]);
    expect((await store.find([productId]))[0]?.soldCount).toBe(2);
  });

  it("keeps the books right whatever happens at the same time", async () => {
    const { store, audit } = get();
    const oneRun = async (operations: readonly Operation[]) => {
      const initial = 12;
      const productIds = await Promise.all([0, 1, 2, 3].map(async () => (await addProduct(store, initial)).productId));
      const orderIds = Array.from({ length: 30 }, () => randomUUID());
      const check = async (productId: string) => {
        const { stock, held, sold, adjusted } = await audit(productId);
        expect(Math.min(stock, held, sold)).toBeGreaterThanOrEqual(0);
        expect(stock + held + sold).toBe(initial + adjusted);
      };
      const run = async ({ kind, order, lines, delta }: Operation) => {
        const orderId = orderIds[order] ?? "";
        const wanted = lines.map((it) => ({ productId: productIds[it.product] ?? "", quantity: it.quantity }));
        const productId = wanted[0]?.productId ?? "";
        await outcomeOf(DO[kind](store, { orderId, wanted, productId, delta }));
        await check(productId);
      };
      const queue = operations.values();
      const worker = async () => {
        for (const operation of queue) await run(operation);
      };
      await Promise.all(Array.from({ length: WORKERS }, worker));
      for (const orderId of orderIds) await store.release(orderId);
      for (const productId of productIds) {
        await check(productId);
        expect(await audit(productId)).toMatchObject({ held: 0, sold: 0 });
      }
    };
    const operations = fc.array(anOperation, { minLength: 300, maxLength: 400 });
    await fc.assert(fc.asyncProperty(operations, oneRun), { numRuns: 2, endOnFailure: true });
  });
}
