import type { Logger } from "pino";
import { createWatchers, type Watcher, type WatchersLimits } from "./stock-watchers.ts";
import type { StockFeed } from "./store.ts";

/** Pieces of a product that can be bought at a moment; 0 also when it is no more. */
export interface StockLevel {
  readonly productId: string;
  readonly stock: number;
}

/** Tells who looks at products how many pieces are left, without anybody asking the store again and again. */
export interface StockWatch {
  /**
   * First the levels of all these products that exist, then of those that changed, until the signal is aborted.
   * @param client who watches: a user, or an address
   * @throws Failure RATE_LIMITED when the client watches in too many places, OVERLOADED when too many watch already
   */
  watch(client: string, productIds: readonly string[], signal: AbortSignal): AsyncIterable<readonly StockLevel[]>;
  /** How many watch. */
  readonly watchers: number;
  close(): Promise<void>;
}

/** What the watch is made of; times and limits are there for tests. */
export interface StockWatchOptions extends WatchersLimits {
  readonly store: StockFeed;
  readonly log: Pick<Logger, "warn">;
  /** What changes within this time is read at once, in milliseconds. */
  readonly gatherMs?: number;
  /** How often everything is read, in case a change was told to nobody, in milliseconds. */
  readonly rereadMs?: number;
}

const GATHER_MS = 50;
const REREAD_MS = 30_000;
const RETRY_MS = 1_000;
/** Products that are read at a time. */
const READ_MAX = 500;

/** One connection to the store's changes, and one reading of what changed, for all who watch. */
export async function createStockWatch(options: StockWatchOptions): Promise<StockWatch> {
  const { store, log, gatherMs = GATHER_MS, rereadMs = REREAD_MS } = options;
  const watchers = createWatchers(options);
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let reading = Promise.resolve();

  const readSoon = (afterMs: number) => {
    timer ??= setTimeout(() => {
      timer = undefined;
      reading = readChanged();
    }, afterMs).unref();
  };

  async function readChanged(): Promise<void> {
    const due = [...changed].filter((it) => watchers.byProduct.has(it)).slice(0, READ_MAX);
    if (due.length < READ_MAX) changed.clear();
    // Before the reading: what changes during it is read again.
    for (const it of due) changed.delete(it);
    try {
      const levels = due.length === 0 ? new Map<string, number>() : await store.readStock(due);
      for (const it of due) watchers.tell(it, levels.get(it) ?? 0);
      if (changed.size > 0) readSoon(0);
    } catch (error) {
      log.warn({ err: error }, "stock that people look at could not be read; trying again");
      for (const it of due) changed.add(it);
      readSoon(RETRY_MS);
    }
  }

  const note = (productIds: Iterable<string>) => {
    for (const it of productIds) if (watchers.byProduct.has(it)) changed.add(it);
    if (changed.size > 0) readSoon(gatherMs);
  };
  const noteAll = () => note(watchers.byProduct.keys());
  const stop = await store.onStockChange((productIds) => (productIds === undefined ? noteAll() : note(productIds)));
  const reread = setInterval(noteAll, rereadMs).unref();

  async function* watch(client: string, productIds: readonly string[], signal: AbortSignal) {
    let wake = () => {};
    const watcher: Watcher = { client, productIds, news: new Map(), wake: () => wake() };
    const onAbort = () => wake();
    // Before the first reading, so that what changes meanwhile is not missed.
    watchers.add(watcher);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const told = new Map(await store.readStock(productIds));
      yield levelsOf(told);
      while (!signal.aborted) {
        const news = new Map([...watcher.news].filter(([it, stock]) => (told.get(it) ?? 0) !== stock));
        watcher.news.clear();
        for (const [it, stock] of news) told.set(it, stock);
        if (news.size > 0) yield levelsOf(news);
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      watchers.remove(watcher);
    }
  }

  return {
    watch,
    get watchers() {
      return watchers.all.size;
    },
    async close() {
      clearInterval(reread);
      await stop();
      clearTimeout(timer);
      await reading;
    },
  };
}

const levelsOf = (levels: ReadonlyMap<string, number>): StockLevel[] =>
  [...levels].map(([productId, stock]) => ({ productId, stock }));
