import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { RequestInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { isFailure } from "#kit/failure.ts";
import { ADDRESS, card } from "./purchase.ts";
import type { ReplicatedShop } from "./replicas.ts";

/** A call of the load that failed. */
export interface FailedCall {
  readonly call: "addItem" | "placeOrder";
  readonly code: keyof typeof Code;
  readonly message: string;
  /** How long it took to fail. */
  readonly ms: number;
  /** When it failed: milliseconds since the epoch. */
  readonly time: number;
  /** Whether it says when to try again. */
  readonly saysWhen: boolean;
}

/** Who buys, and what was answered. */
export interface Buyer {
  readonly user: { readonly headers: { readonly authorization: string } };
  /** The order of each purchase that was answered, by its request's id. */
  readonly orders: Map<string, string>;
}

/** Buyers at work. */
export interface Load {
  readonly buyers: readonly Buyer[];
  readonly failures: readonly FailedCall[];
  /** Purchases answered so far. */
  purchases(): number;
  /** Begins nothing new, and lets each buyer ask until the purchase that is begun has an answer; fails if one gets none. */
  stop(): Promise<void>;
}

const PAUSE_MS = 100;
const RETRY_PAUSE_MS = 200;
const RATE_PAUSE_MS = 1_000;
const SETTLE_MS = 60_000;
/** What a caller may try again later. */
const PASSING: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.ResourceExhausted,
  Code.DeadlineExceeded,
  Code.Aborted,
]);

/** So many people with accounts. */
export async function signUpBuyers(shop: ReplicatedShop, count: number): Promise<Buyer[]> {
  const auth = shop.client(AuthService);
  return Promise.all(
    Array.from({ length: count }, async () => {
      const email = `${randomUUID()}@example.com`;
      const { accessToken } = await auth.signUp({ email, password: "correct horse", displayName: "Ada" });
      return {
        user: { headers: { authorization: `Bearer ${accessToken?.token}` } },
        orders: new Map<string, string>(),
      };
    }),
  );
}

/** Lets buyers buy one piece of the product after the other, each asking again with the same request until it is answered. */
export function startLoad(shop: ReplicatedShop, buyers: readonly Buyer[], productId: string): Load {
  const carts = shop.client(CartService);
  const orders = shop.client(OrderService);
  const failures: FailedCall[] = [];
  let settleBy = Number.POSITIVE_INFINITY;
  const stopping = () => settleBy !== Number.POSITIVE_INFINITY;

  /** The answer, or undefined where the call failed and may be tried again. */
  async function attempt<T>(call: FailedCall["call"], run: () => Promise<T>): Promise<T | undefined> {
    const start = performance.now();
    try {
      return await run();
    } catch (error) {
      // Who is told to buy more slowly waits: that is no failure of the shop.
      if (isFailure(error, ErrorReasonSchema, ErrorReason.RATE_LIMITED)) {
        await sleep(RATE_PAUSE_MS);
        return undefined;
      }
      const failure = ConnectError.from(error);
      const { code, rawMessage: message } = failure;
      const ms = performance.now() - start;
      const saysWhen = failure.findDetails(RetryInfoSchema).length > 0;
      failures.push({ call, code: Code[code] as keyof typeof Code, message, ms, time: Date.now(), saysWhen });
      if (!PASSING.has(code)) throw new Error(`${call}: ${failure.message}\n${logOf(shop, failure)}`);
      await sleep(RETRY_PAUSE_MS);
      return undefined;
    }
  }

  async function buy({ user, orders: answered }: Buyer): Promise<void> {
    const requestId = randomUUID();
    if ((await attempt("addItem", () => carts.addItem({ productId, quantity: 1 }, user))) === undefined) return;
    const request = { requestId, shippingAddress: ADDRESS, paymentMethod: card() };
    for (;;) {
      const answer = await attempt("placeOrder", () => orders.placeOrder(request, user));
      if (answer !== undefined) return void answered.set(requestId, answer.order?.orderId ?? "");
      if (Date.now() > settleBy) throw new Error(`A purchase got no answer: ${JSON.stringify(failures.at(-1))}`);
    }
  }

  const work = buyers.map(async (buyer) => {
    while (!stopping()) {
      await buy(buyer);
      await sleep(PAUSE_MS);
    }
  });
  // Looked at when it is stopped.
  for (const it of work) it.catch(() => {});
  return {
    buyers,
    failures,
    purchases: () => buyers.reduce((sum, it) => sum + it.orders.size, 0),
    async stop() {
      settleBy = Date.now() + SETTLE_MS;
      await Promise.all(work);
    },
  };
}

/** What the shop's processes logged of a call that failed. */
function logOf({ processes }: ReplicatedShop, failure: ConnectError): string {
  const { requestId = "?" } = failure.findDetails(RequestInfoSchema)[0] ?? {};
  const lines = processes.flatMap((it) => it.output().split("\n"));
  return lines.filter((it) => it.includes(requestId)).join("\n");
}
