import type { Database } from "#kit/postgres/database.ts";

/** The channel on which each change of an order is told, with the order's id. */
export const ORDER_CHANGED = "order_changed";

/** Tells who waits for an order that it changed, without anybody asking the store again and again. */
export interface OrderChanges {
  /** Calls back after each change of the order, by whichever replica; returns how to stop that. */
  watch(orderId: string, onChange: () => void): () => void;
  close(): Promise<void>;
}

/** Listens on one connection for all who watch. */
export async function createOrderChanges(database: Database): Promise<OrderChanges> {
  const watchers = new Map<string, Set<() => void>>();
  const stop = await database.listen(ORDER_CHANGED, (orderId) => {
    // Without an id the connection was lost for a while: everything may have changed.
    const affected = orderId === undefined ? [...watchers.values()] : [watchers.get(orderId) ?? []];
    for (const callbacks of affected) for (const callback of callbacks) callback();
  });
  return {
    watch(orderId, onChange) {
      const callbacks = watchers.get(orderId) ?? new Set();
      watchers.set(orderId, callbacks);
      callbacks.add(onChange);
      return () => {
        callbacks.delete(onChange);
        if (callbacks.size === 0) watchers.delete(orderId);
      };
    },
    close: stop,
  };
}

/** Waits for the next change of an order, once for each call; changes between calls are not missed. */
export function createChangeWaiter(changes: OrderChanges, orderId: string, signal: AbortSignal) {
  let changed = false;
  let wake = () => {};
  const notice = () => {
    changed = true;
    wake();
  };
  const stop = changes.watch(orderId, notice);
  signal.addEventListener("abort", notice, { once: true });
  return {
    async next(): Promise<void> {
      if (!changed && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      changed = false;
    },
    stop() {
      stop();
      signal.removeEventListener("abort", notice);
    },
  };
}
