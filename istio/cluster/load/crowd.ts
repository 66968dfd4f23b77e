import { setTimeout as pause } from "node:timers/promises";
import type { Order } from "#gen/shop/order/v1/order_pb.js";
import type { Edge } from "../lib/edge.ts";
import { createBuyer } from "./buyer.ts";

const BUYERS = 4;
/** Sign-ups are limited for each address, and all buyers have one. */
const PURCHASES_OF_ONE_ACCOUNT = 6;
const BETWEEN_MS = 250;

/** People who buy and buy until they are told to stop. */
export interface Crowd {
  /** What they bought so far. */
  readonly orders: readonly Order[];
  /** What they could not buy, or what else failed, each with when and why. */
  readonly failures: readonly string[];
  /** How often somebody who wanted an account got no answer and asked once more: making one is not idempotent, so no proxy does. */
  readonly askedAgain: number;
  /** Waits until each of them has bought something more: the shop works for everybody. */
  stop(): Promise<void>;
}

/** Lets a few people buy a product, all the time. */
export function startCrowd(edge: Edge, productId: string): Crowd {
  const orders: Order[] = [];
  const failures: string[] = [];
  let open = true;
  let askedAgain = 0;
  async function live(): Promise<void> {
    while (open) {
      const buyer = createBuyer(edge);
      try {
        askedAgain += (await buyer.signUp()) - 1;
        for (let bought = 0; open && bought < PURCHASES_OF_ONE_ACCOUNT; bought += 1) {
          orders.push(await buyer.buy(productId, 1 + (bought % 3)));
          await pause(BETWEEN_MS);
        }
      } catch (error) {
        failures.push(`${new Date().toISOString()} ${error}`);
        await pause(BETWEEN_MS);
      }
    }
  }
  const lives = Array.from({ length: BUYERS }, live);
  return {
    orders,
    failures,
    get askedAgain() {
      return askedAgain;
    },
    async stop() {
      open = false;
      await Promise.all(lives);
    },
  };
}
