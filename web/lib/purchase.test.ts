import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { CartSchema } from "#gen/shop/cart/v1/cart_pb.js";
import { PlaceOrderResponseSchema } from "#gen/shop/order/v1/order_service_pb.js";
import { createFlags } from "./flags.ts";
import { createPurchase } from "./purchase.ts";

const CART = create(CartSchema, { items: [{ productId: "lamp", quantity: 1 }], subtotal: { minorUnits: 900n } });
const OTHER_CART = create(CartSchema, { items: [{ productId: "lamp", quantity: 2 }], subtotal: { minorUnits: 1800n } });

const lost = () => new ConnectError("connection lost", Code.Unavailable);
const refused = (reason: string, code = Code.FailedPrecondition) =>
  new ConnectError("", code, undefined, [{ desc: ErrorInfoSchema, value: { domain: "shop.order", reason } }]);
const notReached = () =>
  new ConnectError("", Code.Unavailable, undefined, [
    {
      desc: ErrorInfoSchema,
      value: { domain: "shop.mesh", reason: "DEPENDENCY_UNAVAILABLE", metadata: { reached: "no" } },
    },
  ]);
const limited = () => new ConnectError("", Code.ResourceExhausted);

/** Buys with a service that answers each try as told, and says which request ids came. */
function createShop(...answers: (ConnectError | "order")[]) {
  const ids: string[] = [];
  const storage = new Map<string, string>();
  const deps = {
    async place({ requestId }: { requestId?: string }) {
      ids.push(requestId ?? "");
      const answer = answers.shift();
      if (answer === undefined || answer === "order")
        return create(PlaceOrderResponseSchema, { order: { orderId: "o" } });
      throw answer;
    },
    flags: createFlags(() => ({
      getItem: (name) => storage.get(name) ?? null,
      setItem: (name, value) => storage.set(name, value),
      removeItem: (name) => storage.delete(name),
    })),
    pause: async () => {},
  };
  let purchase = createPurchase(deps);
  return {
    /** The request ids by the order they first came in: "0 0 1" is one id twice, then another. */
    tries: () => ids.map((id) => [...new Set(ids)].indexOf(id)).join(" "),
    reload: () => (purchase = createPurchase(deps)),
    isInDoubt: () => purchase.isInDoubt(CART),
    buy: (cart = CART) =>
      purchase.buy(cart, {}).then(
        ({ orderId }) => orderId,
        (error: ConnectError) => error.code,
      ),
  };
}

test("a lost connection is tried again as the same purchase", async () => {
  const shop = createShop(lost(), lost(), "order");
  expect(await shop.buy()).toBe("o");
  expect(shop.tries()).toBe("0 0 0");
});

test("without an answer the purchase stays the same one, over a press of the button and a reload", async () => {
  const shop = createShop(lost(), lost(), lost(), lost(), limited(), "order");
  expect(await shop.buy()).toBe(Code.Unavailable);
  shop.reload();
  expect(await shop.buy()).toBe(Code.ResourceExhausted);
  expect(await shop.buy()).toBe("o");
  expect(shop.tries()).toBe("0 0 0 0 0 0");
});

test.each([
  ["that never arrived", [notReached, notReached, notReached, notReached], false],
  ["of which one got no answer", [notReached, lost, notReached, notReached], true],
])("after tries %s the purchase stays the same one; whether it may exist: %#", async (_, answers, inDoubt) => {
  const shop = createShop(...answers.map((it) => it()), "order");
  expect(await shop.buy()).toBe(Code.Unavailable);
  expect(shop.isInDoubt()).toBe(inDoubt);
  expect(await shop.buy()).toBe("o");
  expect(shop.tries()).toBe("0 0 0 0 0");
  expect(shop.isInDoubt()).toBe(false);
});

test.each(["OUT_OF_STOCK", "PAYMENT_DECLINED", "PRICE_CHANGED", "CANCELLED"])(
  "after %s another try is another purchase",
  async (reason) => {
    const shop = createShop(refused(reason), "order");
    await shop.buy();
    await shop.buy();
    expect(shop.tries()).toBe("0 1");
  },
);

test("a payment that failed for certain is not tried again by itself, though its code says unavailable", async () => {
  const shop = createShop(refused("PAYMENT_FAILED", Code.Unavailable), "order");
  expect(await shop.buy()).toBe(Code.Unavailable);
  await shop.buy();
  expect(shop.tries()).toBe("0 1");
});

test("another cart is another purchase, and so is the next one after an order", async () => {
  const shop = createShop(lost(), lost(), lost(), lost(), "order", "order");
  await shop.buy();
  await shop.buy(OTHER_CART);
  await shop.buy(OTHER_CART);
  expect(shop.tries()).toBe("0 0 0 0 1 2");
});
