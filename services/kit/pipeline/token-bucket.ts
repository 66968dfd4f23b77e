import { LRUCache } from "lru-cache";

/** How many calls a client may make in how many milliseconds; as many at once, too. */
export interface Allowance {
  readonly requests: number;
  readonly periodMs: number;
}

/** Token buckets by key, in this process. */
export interface Buckets {
  /** Takes one call from a bucket. Answers the milliseconds to wait before another may be made; 0 if this one may. */
  take(key: string, allowance: Allowance): number;
  /** Puts back what was taken for a call that was not made. */
  giveBack(key: string, allowance: Allowance): void;
}

const CLIENTS_MAX = 50_000;

/** Buckets of those that called last. @param nowMs a clock, for tests */
export function createBuckets(nowMs: () => number = () => performance.now()): Buckets {
  // A bucket holds calls times the period's milliseconds, so that refilling it loses nothing to rounding.
  const buckets = new LRUCache<string, { credit: number; atMs: number }>({ max: CLIENTS_MAX });
  return {
    take(key, { requests, periodMs: cost }) {
      const full = requests * cost;
      const now = nowMs();
      const bucket = buckets.get(key) ?? { credit: full, atMs: now };
      const credit = Math.min(full, bucket.credit + (now - bucket.atMs) * requests);
      const enough = credit >= cost;
      buckets.set(key, { credit: enough ? credit - cost : credit, atMs: now });
      return enough ? 0 : Math.ceil((cost - credit) / requests);
    },
    giveBack(key, { periodMs: cost }) {
      const bucket = buckets.get(key);
      if (bucket !== undefined) bucket.credit += cost;
    },
  };
}
