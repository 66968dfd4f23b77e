import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test, vi } from "vitest";
import {
  type Addition,
  type CartStore,
  type CartStoreOptions,
  LINES_MAX,
  type Line,
  QUANTITY_MAX,
  type StoredCart,
} from "./store.ts";

const DAY_MS = 86_400_000;
const OPTIONS: CartStoreOptions = { lifetimeMs: 7 * DAY_MS, renewAfterMs: 3_600_000, purchaseMemoryMs: 14 * DAY_MS };

const addition = (productId: string, quantity = 1, more: Partial<Addition> = {}): Addition => ({
  productId,
  quantity,
  limit: QUANTITY_MAX,
  requestId: undefined,
  ...more,
});
const inShort = (cart: StoredCart) => Object.fromEntries(cart.lines.map((it) => [it.productId, it.quantity]));

/** What every cart store does. `create` opens one; all that it opens share their data. */
export function cartStoreContract(create: (options: CartStoreOptions) => Promise<CartStore>): void {
  let store: CartStore;
  beforeAll(async () => {
    store = await create(OPTIONS);
  });
  /** A new owner with these lines. */
  const cartOf = async (lines: Record<string, number>, of: CartStore = store): Promise<string> => {
    const owner = randomUUID();
    for (const [productId, quantity] of Object.entries(lines)) await of.add(owner, addition(productId, quantity));
    return owner;
  };

  describe("lines", () => {
    test("keep the order in which they came, whatever happens to their quantities", async () => {
      const owner = await cartOf({ pan: 1, cup: 2, axe: 3 });
      await store.add(owner, addition("cup"));
      await store.set(owner, { productId: "pan", quantity: 9 }, QUANTITY_MAX);
      await store.remove(owner, "axe");
      await store.add(owner, addition("axe"));
      expect((await store.read(owner)).lines.map((it) => `${it.productId} ${it.quantity}`)).toEqual([
        "pan 9",
        "cup 3",
        "axe 1",
      ]);
    });

    test("belong to their owner alone", async () => {
      const [owner, other] = [await cartOf({ pan: 1 }), await cartOf({ cup: 2 })];
      await store.clear(owner);
      expect([inShort(await store.read(owner)), inShort(await store.read(other))]).toEqual([{}, { cup: 2 }]);
    });

    test("of nobody are none, and have no end", async () => {
      expect(await store.read(randomUUID())).toEqual({ lines: [], expireTime: undefined });
    });

    test.each<[string, (owner: string) => Promise<{ outcome?: string }>, string, Record<string, number>]>([
      ["adding up to the limit", (it) => store.add(it, addition("pan", 2, { limit: 5 })), "done", { pan: 5 }],
      ["adding over the limit", (it) => store.add(it, addition("pan", 3, { limit: 5 })), "over_limit", { pan: 3 }],
      ["adding what is sold out", (it) => store.add(it, addition("cup", 1, { limit: 0 })), "over_limit", { pan: 3 }],
      ["setting up to the limit", (it) => store.set(it, { productId: "pan", quantity: 5 }, 5), "done", { pan: 5 }],
      ["setting over the limit", (it) => store.set(it, { productId: "pan", quantity: 6 }, 5), "over_limit", { pan: 3 }],
      [
        "setting fewer, still over the limit",
        (it) => store.set(it, { productId: "pan", quantity: 2 }, 1),
        "done",
        { pan: 2 },
      ],
      [
        "setting what is not there",
        (it) => store.set(it, { productId: "cup", quantity: 1 }, 5),
        "no_such_line",
        { pan: 3 },
      ],
    ])("%s", async (_, change, outcome, after) => {
      const owner = await cartOf({ pan: 3 });
      expect((await change(owner)).outcome).toBe(outcome);
      expect(inShort(await store.read(owner))).toEqual(after);
    });

    test("are at most LINES_MAX; more of one of them still fits", async () => {
      const lines = Object.fromEntries(Array.from({ length: LINES_MAX }, (_, n) => [`p${n}`, 1]));
      const owner = await cartOf(lines);
      expect((await store.add(owner, addition("one-more"))).outcome).toBe("cart_full");
      expect((await store.add(owner, addition("p7"))).outcome).toBe("done");
      expect(inShort(await store.read(owner))).toEqual({ ...lines, p7: 2 });
    });

    test("are removed and cleared any number of times", async () => {
      const owner = await cartOf({ pan: 1, cup: 1 });
      expect(inShort(await store.remove(owner, "pan"))).toEqual({ cup: 1 });
      expect(inShort(await store.remove(owner, "pan"))).toEqual({ cup: 1 });
      expect(inShort(await store.clear(owner))).toEqual({});
      expect(inShort(await store.clear(owner))).toEqual({});
    });
  });

  describe("a request id", () => {
    test("adds once, even if the limit has fallen or the line has gone since", async () => {
      const [owner, requestId] = [randomUUID(), randomUUID()];
      await store.add(owner, addition("pan", 2, { requestId }));
      expect(await store.add(owner, addition("pan", 2, { requestId, limit: 0 }))).toMatchObject({
        outcome: "done",
        cart: { lines: [{ quantity: 2 }] },
      });
      await store.clear(owner);
      await store.add(owner, addition("pan", 2, { requestId: requestId.toUpperCase() }));
      expect(inShort(await store.read(owner))).toEqual({});
    });

    test("that was refused may come again", async () => {
      const [owner, requestId] = [randomUUID(), randomUUID()];
      await store.add(owner, addition("pan", 1, { requestId, limit: 0 }));
      await store.add(owner, addition("pan", 1, { requestId }));
      expect(inShort(await store.read(owner))).toEqual({ pan: 1 });
    });

    test("is remembered over many others", async () => {
      const [owner, requestId] = [randomUUID(), randomUUID()];
      await store.add(owner, addition("pan", 1, { requestId }));
      for (let n = 0; n < 50; n++) await store.add(owner, addition("cup", 1, { requestId: randomUUID() }));
      await store.add(owner, addition("pan", 1, { requestId }));
      expect(inShort(await store.read(owner))).toEqual({ pan: 1, cup: 50 });
    });
  });

  describe("merging", () => {
    test("adds up to QUANTITY_MAX, appends what is new, empties the other, and a second time changes nothing", async () => {
      const [guest, user] = [await cartOf({ cup: 60, axe: 2, pan: 1 }), await cartOf({ pan: 1, cup: 60 })];
      const merged = [
        { productId: "pan", quantity: 2 },
        { productId: "cup", quantity: QUANTITY_MAX },
        { productId: "axe", quantity: 2 },
      ];
      expect((await store.merge(guest, user)).lines).toEqual(merged);
      expect((await store.merge(guest, user)).lines).toEqual(merged);
      expect((await store.read(guest)).lines).toEqual([]);
    });

    test("drops what would be a line too many", async () => {
      const lines = Object.fromEntries(Array.from({ length: LINES_MAX - 1 }, (_, n) => [`p${n}`, 1]));
      const [guest, user] = [await cartOf({ "new-1": 1, "new-2": 1, p3: 1 }), await cartOf(lines)];
      expect(inShort(await store.merge(guest, user))).toEqual({ ...lines, p3: 2, "new-1": 1 });
    });

    test("a cart into itself changes nothing", async () => {
      const owner = await cartOf({ pan: 3 });
      expect(inShort(await store.merge(owner, owner))).toEqual({ pan: 3 });
    });

    test("both ways at once loses nothing and does not block", async () => {
      const [one, two] = [await cartOf({ pan: 5 }), await cartOf({ pan: 7 })];
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? store.merge(one, two) : store.merge(two, one))),
      );
      expect((inShort(await store.read(one)).pan ?? 0) + (inShort(await store.read(two)).pan ?? 0)).toBe(12);
    });
  });

  describe("a purchase", () => {
    test("takes out what was bought, once, and leaves what came in since", async () => {
      const [owner, order] = [await cartOf({ pan: 3, cup: 2, axe: 1 }), randomUUID()];
      const bought = [
        { productId: "pan", quantity: 2 },
        { productId: "cup", quantity: 5 },
        { productId: "not-there", quantity: 1 },
      ];
      await Promise.all(Array.from({ length: 5 }, () => store.removePurchased(owner, order, bought)));
      expect(inShort(await store.read(owner))).toEqual({ pan: 1, axe: 1 });
      await store.removePurchased(owner, randomUUID(), [{ productId: "pan", quantity: 1 }]);
      expect(inShort(await store.read(owner))).toEqual({ axe: 1 });
    });

    test("counts the pieces of a product on several lines together", async () => {
      const owner = await cartOf({ pan: 5 });
      await store.removePurchased(owner, randomUUID(), [
        { productId: "pan", quantity: 2 },
        { productId: "pan", quantity: 2 },
      ]);
      expect(inShort(await store.read(owner))).toEqual({ pan: 1 });
    });

    test("is remembered when the cart has gone, and needs none", async () => {
      const [owner, order, pan] = [randomUUID(), randomUUID(), [{ productId: "pan", quantity: 1 }]];
      await store.removePurchased(owner, order, pan);
      await store.add(owner, addition("pan"));
      await store.removePurchased(owner, order, pan);
      expect(inShort(await store.read(owner))).toEqual({ pan: 1 });
    });
  });

  describe("changes at the same time", () => {
    test("100 pieces one by one: 99 come in, one is refused", async () => {
      const owner = randomUUID();
      const changes = await Promise.all(Array.from({ length: 100 }, () => store.add(owner, addition("pan"))));
      expect(changes.filter((it) => it.outcome === "over_limit")).toHaveLength(1);
      expect(inShort(await store.read(owner))).toEqual({ pan: 99 });
    });

    test("60 products at once: LINES_MAX come in", async () => {
      const owner = randomUUID();
      const changes = await Promise.all(Array.from({ length: 60 }, (_, n) => store.add(owner, addition(`p${n}`))));
      expect(changes.filter((it) => it.outcome === "cart_full")).toHaveLength(60 - LINES_MAX);
      expect((await store.read(owner)).lines).toHaveLength(LINES_MAX);
    });

    test("any changes: the pieces at the end are those that came in less those that went out", async () => {
      const line = fc.record({ productId: fc.constantFrom("pan", "cup"), quantity: fc.integer({ min: 1, max: 3 }) });
      const step = fc.record({ line, kind: fc.constantFrom("add", "add again", "add", "buy") });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          const [owner, start] = [await cartOf({ pan: 45, cup: 45 }), { pan: 45, cup: 45 }];
          const expected: Record<string, number> = start;
          const run = (kind: string, it: Line): Promise<unknown>[] => {
            expected[it.productId] = (expected[it.productId] ?? 0) + (kind === "buy" ? -it.quantity : it.quantity);
            const [id, times] = [randomUUID(), kind === "add" ? 1 : 2];
            const once = () =>
              kind === "buy"
                ? store.removePurchased(owner, id, [it])
                : store.add(owner, { ...addition(it.productId, it.quantity), requestId: id });
            return Array.from({ length: times }, once);
          };
          await Promise.all(steps.flatMap((it) => run(it.kind, it.line)));
          expect(inShort(await store.read(owner))).toEqual(expected);
        }),
        { numRuns: 25 },
      );
    });
  });

  describe("time", () => {
    test("a read prolongs a cart's life, but not with every read", async () => {
      const lasting = async (renewAfterMs: number) => {
        const other = await create({ ...OPTIONS, renewAfterMs });
        const owner = await cartOf({ pan: 1 }, other);
        const first = (await other.read(owner)).expireTime?.getTime() ?? 0;
        // Until the store's clock has moved on.
        return vi.waitFor(async () => {
          const second = (await other.read(owner)).expireTime?.getTime() ?? 0;
          if (renewAfterMs === 0) expect(second).toBeGreaterThan(first);
          return second - first;
        });
      };
      expect(await lasting(0)).toBeGreaterThan(0);
      expect(await lasting(OPTIONS.renewAfterMs)).toBe(0);
      const { expireTime } = await store.read(await cartOf({ pan: 1 }));
      expect(Math.abs((expireTime?.getTime() ?? 0) - Date.now() - OPTIONS.lifetimeMs)).toBeLessThan(DAY_MS);
    });

    test("an expired cart is empty, begins anew, and leaves nothing behind", async () => {
      const brief = await create({ ...OPTIONS, lifetimeMs: 1 });
      const [owner, gone, requestId] = [randomUUID(), await cartOf({ axe: 1 }, brief), randomUUID()];
      await brief.add(owner, addition("pan", 5, { requestId }));
      await vi.waitFor(async () => expect((await brief.read(owner)).lines).toEqual([]));
      await store.add(owner, addition("cup", 1, { requestId }));
      expect(inShort(await store.read(owner))).toEqual({ cup: 1 });
      while ((await store.purge(1)) === 1);
      expect([inShort(await store.read(owner)), inShort(await store.read(gone))]).toEqual([{ cup: 1 }, {}]);
    });
  });
}
