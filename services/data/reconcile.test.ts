import { describe, expect, it } from "vitest";
import type { Json } from "#kit/portable/canonical.ts";
import type { Collection } from "#kit/portable/collection.ts";
import { reconcile } from "./reconcile.ts";

/** A collection in memory. */
function memory(
  name: string,
  records: Readonly<Record<string, object>>,
): Collection & { values(): Record<string, Json> } {
  const all = new Map(Object.entries(records) as [string, Json][]);
  const entries = (keys: Iterable<string>) =>
    [...keys].flatMap((key) => (all.has(key) ? [{ key, value: all.get(key) as Json }] : []));
  return {
    name,
    version: 1,
    count: async () => all.size,
    async *read() {
      yield entries(all.keys());
    },
    get: async (keys) => entries(keys),
    async put(more) {
      for (const { key, value } of more) all.set(key, value);
    },
    async remove(keys) {
      for (const it of keys) all.delete(it);
    },
    values: () => Object.fromEntries(all),
  };
}

const two = [{ productId: "desk", quantity: 2 }];
const PAID = { status: "2", step: "done" };
const WAITING = { status: "1", step: "pay" };

describe("what was read from a shop that ran, one engine after the other", () => {
  it.each([
    ["held for an order that nobody knows", "held", undefined, "released", 12],
    ["sold for an order that nobody knows", "confirmed", undefined, "released", 12],
    ["given back for an order that nobody knows", "released", undefined, "released", 10],
    ["held for a checkout under way", "held", WAITING, "held", 10],
    ["sold for a checkout under way", "confirmed", WAITING, "confirmed", 10],
    ["sold for a paid order", "confirmed", PAID, "confirmed", 10],
    ["given back for a paid order", "released", PAID, "confirmed", 8],
  ])("%s", async (_, state, order, stateAfter, stock) => {
    const orders = memory("order.orders", order === undefined ? {} : { one: order });
    const reservations = memory("product.reservations", { one: { state, lines: two } });
    const products = memory("product.products", { desk: { stock: 10 } });
    await reconcile([orders, reservations, products]);
    expect(reservations.values().one).toMatchObject({ state: stateAfter });
    expect(products.values().desk).toEqual({ stock });
  });

  it("names paid orders whose pieces are not there any more, after what comes back is", async () => {
    const orders = memory("order.orders", { b: PAID, c: PAID });
    const reservations = memory("product.reservations", {
      b: { state: "released", lines: two },
      c: { state: "released", lines: two },
      z: { state: "held", lines: two },
    });
    const products = memory("product.products", { desk: { stock: 1 } });
    const found = await reconcile([orders, reservations, products]);
    expect(found).toEqual({ released: ["z"], resold: ["b"], short: ["c"] });
    expect(products.values().desk).toEqual({ stock: 1 });
  });
});
