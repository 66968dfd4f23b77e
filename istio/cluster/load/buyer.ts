import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import type { Order } from "#gen/shop/order/v1/order_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { ADDRESS, card } from "../../../services/shop/testing/purchase.ts";
import { isOutcomeUnknown, isUnreachable } from "../../../web/lib/errors.ts";
import { createPurchase } from "../../../web/lib/purchase.ts";
import { createSession } from "../../../web/lib/session.ts";
import { authenticate } from "../../../web/lib/transport.ts";
import type { Edge } from "../lib/edge.ts";
import { edgeTransport, somebody } from "../lib/users.ts";

/** As the web app does (web/main.tsx, web/lib/cart.ts). */
const RETRIES_MAX = 2;
const FIRST_PAUSE_MS = 1_000;
const EMPTIED_EVERY_MS = 200;
const PRESSES_MAX = 3;

/** Somebody who buys by the web app's own code, without its pages. */
export interface Buyer {
  /** Answers how often the button was pressed: who gets no answer presses it again. */
  signUp(): Promise<number>;
  /** Puts pieces of a product into the cart and buys them. */
  buy(productId: string, quantity: number): Promise<Order>;
}

/** Repeats what could not reach the shop, as the web app does with what may be done twice. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      if (failures >= RETRIES_MAX || !isUnreachable(error)) throw error;
      await pause(FIRST_PAUSE_MS * 2 ** failures);
    }
  }
}

function storage() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
}

/** A buyer behind a browser of their own. */
export function createBuyer(edge: Edge): Buyer {
  const flags = storage();
  const session = createSession({ transport: edgeTransport(edge), flags });
  const transport = edgeTransport(edge, [authenticate(session)]);
  const cart = createClient(CartService, transport);
  const orders = createClient(OrderService, transport);
  const { buy: place } = createPurchase({ place: (request) => orders.placeOrder(request), flags });
  return {
    async signUp() {
      for (let pressed = 1; ; pressed += 1) {
        try {
          await session.signUp(somebody());
          return pressed;
        } catch (error) {
          if (pressed === PRESSES_MAX || !isOutcomeUnknown(error)) throw error;
          await pause(FIRST_PAUSE_MS);
        }
      }
    },
    async buy(productId, quantity) {
      const addition = { productId, quantity, requestId: crypto.randomUUID() };
      const { cart: filled } = await patiently(() => cart.addItem(addition));
      if (filled === undefined) throw new Error("the cart is missing in the answer");
      const order = await place(filled, { shippingAddress: ADDRESS, paymentMethod: card() });
      // The shop takes out what was bought in its own time.
      while ((await patiently(() => cart.getCart({}))).cart?.items.length !== 0) await pause(EMPTIED_EVERY_MS);
      return order;
    },
  };
}
