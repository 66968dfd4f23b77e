import type { Redis } from "#kit/redis/redis.ts";
import type { CartScript } from "./store.redis.scripts.ts";
import type { Line, StoredCart } from "./store.ts";

/** Lines as they are stored: product and quantity. */
export type StoredLines = readonly (readonly [string, number])[];

/** Lines on their way from one cart into another. */
export interface HandOver {
  readonly id: string;
  readonly merge: string;
  /** The owner of the cart that they go to. */
  readonly into: string;
  readonly lines: StoredLines;
}

/** A cart as Redis keeps it; what is empty is not there. */
export interface RedisCart {
  readonly lines?: StoredLines;
  /** Ids of requests that added something. */
  readonly requests?: readonly string[];
  readonly leaving?: HandOver;
  /** Merges under way into it: their ids, and whose carts they empty. */
  readonly arriving?: readonly (readonly [string, string])[];
}

/** What a script says of a cart: how it ended, and the cart as it is now, where it tells. */
export interface CartAnswer {
  readonly outcome: string;
  readonly stored: RedisCart;
  readonly cart: StoredCart;
}

const NOTHING: CartAnswer = { outcome: "done", stored: {}, cart: { lines: [], expireTime: undefined } };

const toLine = ([productId, quantity]: readonly [string, number]): Line => ({ productId, quantity });

function toAnswer([outcome, json, expireMs]: readonly [string, string?, number?]): CartAnswer {
  const stored = JSON.parse(json ?? "{}") as RedisCart;
  const lines = (stored.lines ?? []).map(toLine);
  return { outcome, stored, cart: { lines, expireTime: expireMs === undefined ? undefined : new Date(expireMs) } };
}

/** The scripts of a cart, run where its owner's slot is. */
export interface Carts {
  /** Runs a script that answers a cart. */
  run(script: CartScript, owner: string, values: readonly (string | number)[]): Promise<CartAnswer>;
  /** Runs one that answers something else. */
  runRaw(script: CartScript, owner: string, values: readonly (string | number)[]): Promise<unknown>;
}

/** A cart's keys have its owner in braces, so that they lie in one slot of a Cluster. */
export function createCarts(redis: Redis): Carts {
  const runRaw = (script: CartScript, owner: string, values: readonly (string | number)[]) => {
    const cart = redis.key("cart", `{${owner}}`);
    return redis.run(script, script.remembers ? [cart, `${cart}:done`] : [cart], values);
  };
  return {
    runRaw,
    async run(script, owner, values) {
      const answer = (await runRaw(script, owner, values)) as [string, string?, number?] | null;
      return answer === null ? NOTHING : toAnswer(answer);
    },
  };
}
