import { randomUUID } from "node:crypto";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "#kit/failure.ts";
import type { CartAnswer, Carts, HandOver } from "./store.redis.carts.ts";
import { ANNOUNCE, ARRIVE, LEAVE, LEFT, READ } from "./store.redis.scripts.ts";
import type { CartStoreOptions, StoredCart } from "./store.ts";

/** Steps after which a merge that others keep overtaking gives up; what it has moved until then is moved. */
const STEPS_MAX = 64;
const RETRY_AFTER_MS = 100;

const overtaken = () =>
  callFailure(ErrorReason.DEPENDENCY_UNAVAILABLE, "The carts are being changed; try again.", {
    retryAfterMs: RETRY_AFTER_MS,
  });

/** Merges, which touch two carts and so two slots. */
export interface Merges {
  merge(from: string, into: string): Promise<StoredCart>;
  /** Ends the merges that a cart waits for, or that left it, since whoever began them did not. */
  settle(owner: string, found: CartAnswer): Promise<StoredCart>;
}

/** Whether a cart waits for what somebody else began. */
export const isUnsettled = ({ stored }: CartAnswer) => stored.leaving !== undefined || stored.arriving !== undefined;

/**
 * Merges in four steps, each of one cart, each safe to repeat, so that a crash after any of them loses nothing and doubles
 * nothing: the cart that gets the lines is told (and will fetch them itself if nobody brings them); the lines leave the
 * other in a hand-over with an id; they arrive, once for each id; the hand-over is forgotten.
 */
export function createMerges(carts: Carts, { lifetimeMs, renewAfterMs, purchaseMemoryMs }: CartStoreOptions): Merges {
  const arrive = (into: string, merge: string, handOver?: HandOver) => {
    const lines = JSON.stringify(handOver?.lines ?? []);
    return carts.run(ARRIVE, into, [lifetimeMs, purchaseMemoryMs, merge, handOver?.id ?? "", lines]);
  };
  const deliver = async (from: string, handOver: HandOver): Promise<CartAnswer> => {
    const arrived = await arrive(handOver.into, handOver.merge, handOver);
    await carts.runRaw(LEFT, from, [handOver.id]);
    return arrived;
  };
  /** Brings the lines of one cart into another; first what another merge has taken from it and not brought yet. */
  const bring = async (merge: string, from: string, into: string): Promise<CartAnswer> => {
    for (let step = 0; step < STEPS_MAX; step++) {
      const left = await carts.runRaw(LEAVE, from, [lifetimeMs, merge, into, randomUUID()]);
      if (left === null) return arrive(into, merge);
      const handOver = JSON.parse(left as string) as HandOver;
      const arrived = await deliver(from, handOver);
      if (handOver.merge === merge) return arrived;
    }
    throw overtaken();
  };
  const settle = async (owner: string, { stored, cart }: CartAnswer): Promise<StoredCart> => {
    if (stored.leaving !== undefined) await deliver(owner, stored.leaving);
    let settled = cart;
    for (const [merge, from] of stored.arriving ?? []) settled = (await bring(merge, from, owner)).cart;
    return settled;
  };
  const announce = async (merge: string, from: string, into: string): Promise<void> => {
    for (let step = 0; step < STEPS_MAX; step++) {
      const answer = await carts.run(ANNOUNCE, into, [lifetimeMs, merge, from]);
      if (answer.outcome === "done") return;
      await settle(into, answer);
    }
    // Unannounced, a crash could leave its lines on their way with nobody to look for them.
    throw overtaken();
  };
  return {
    settle,
    async merge(from, into) {
      if (from === into) return (await carts.run(READ, into, [lifetimeMs, renewAfterMs])).cart;
      const merge = randomUUID();
      await announce(merge, from, into);
      return (await bring(merge, from, into)).cart;
    },
  };
}
