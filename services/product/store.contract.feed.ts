import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eventually } from "#kit/testing/eventually.ts";
import { addProduct, type StoreUnderTest } from "./store.contract.ts";

/** What every adapter tells of pieces on sale. */
export function feedContract(get: () => StoreUnderTest): void {
  const told: (string | undefined)[] = [];
  let stop = async () => {};
  beforeAll(async () => {
    stop = await get().store.onStockChange((ids) => void told.push(...(ids ?? [undefined])));
  });
  afterAll(() => stop());

  it("reads the pieces of the products that exist", async () => {
    const { store } = get();
    const [one, other] = [await addProduct(store, 3), await addProduct(store, 0)];
    await store.remove(other.productId, undefined);
    const levels = await store.readStock([one.productId, other.productId, "no-such-thing"]);
    expect([...levels]).toEqual([[one.productId, 3]]);
  });

  it("tells of whatever moves pieces", async () => {
    const { store } = get();
    const moves: ((it: { productId: string; orderId: string }) => Promise<unknown>)[] = [
      ({ productId }) => store.adjust({ requestId: randomUUID(), productId, delta: 1 }),
      ({ productId, orderId }) => store.reserve(orderId, [{ productId, quantity: 1 }], 60_000),
      ({ orderId }) => store.release(orderId),
      ({ productId }) => store.reserve(randomUUID(), [{ productId, quantity: 1 }], 0),
      () => store.expire(1_000),
      ({ productId }) => store.remove(productId, undefined),
    ];
    const { productId } = await addProduct(store, 3);
    const orderId = randomUUID();
    for (const move of moves) {
      await eventually(() => expect(told).not.toContain(undefined)); // nothing was missed
      told.length = 0;
      await move({ productId, orderId });
      await eventually(() => expect(told).toContain(productId));
    }
  });
}
