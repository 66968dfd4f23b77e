import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "#kit/failure.ts";

/**
 * Streams of one process. To the proxies on the way each is a request that never ends, and they let through so many at once to
 * all replicas of a service: 4,096 in a mesh, 10,000 at an edge of its own (`istio/emit`). With the ten replicas that a
 * service may have, streams take three quarters of the smaller number, even if all come by one gateway; the rest is the
 * catalogue's.
 */
export const WATCHERS_MAX = 300;
/** Pages that one client may keep up to date at once, by one process; behind an address there may be a whole office. */
const WATCHERS_PER_CLIENT_MAX = 20;
const RETRY_AFTER_MS = 5_000;
/** Until somebody of the same client leaves may take longer. */
const CLIENT_RETRY_AFTER_MS = 15_000;

/** How many may watch at once. */
export interface WatchersLimits {
  readonly watchersMax?: number | undefined;
  readonly perClientMax?: number | undefined;
}

/** One who watches: what he has not been told yet. */
export interface Watcher {
  /** On whose account it goes. */
  readonly client: string;
  readonly productIds: readonly string[];
  readonly news: Map<string, number>;
  wake(): void;
}

/** The watchers of each product, and how many there are of each client. */
export function createWatchers({
  watchersMax = WATCHERS_MAX,
  perClientMax = WATCHERS_PER_CLIENT_MAX,
}: WatchersLimits = {}) {
  const all = new Set<Watcher>();
  const byProduct = new Map<string, Set<Watcher>>();
  const byClient = new Map<string, number>();
  return {
    all,
    byProduct,
    tell(productId: string, stock: number) {
      for (const watcher of byProduct.get(productId) ?? []) {
        watcher.news.set(productId, stock);
        watcher.wake();
      }
    },
    /** @throws Failure RATE_LIMITED when the client has enough, OVERLOADED when there are too many */
    add(watcher: Watcher) {
      const ofClient = byClient.get(watcher.client) ?? 0;
      if (ofClient >= perClientMax)
        throw callFailure(ErrorReason.RATE_LIMITED, "You look at products in too many places at once.", {
          retryAfterMs: CLIENT_RETRY_AFTER_MS,
        });
      if (all.size >= watchersMax)
        throw callFailure(ErrorReason.OVERLOADED, "Too many look at products just now; try again.", {
          retryAfterMs: RETRY_AFTER_MS,
        });
      byClient.set(watcher.client, ofClient + 1);
      all.add(watcher);
      for (const it of watcher.productIds) byProduct.set(it, (byProduct.get(it) ?? new Set()).add(watcher));
    },
    remove(watcher: Watcher) {
      if (!all.delete(watcher)) return;
      const left = (byClient.get(watcher.client) ?? 0) - 1;
      if (left > 0) byClient.set(watcher.client, left);
      else byClient.delete(watcher.client);
      for (const it of watcher.productIds) {
        const others = byProduct.get(it);
        others?.delete(watcher);
        if (others?.size === 0) byProduct.delete(it);
      }
    },
  };
}
