/** What was measured by whoever made the calls. */
export interface LoadResult {
  /** Of each call that was answered. */
  readonly latenciesMs: readonly number[];
  /** From the first call to the last answer. */
  readonly seconds: number;
}

/** How much to ask for. */
export interface LoadOptions {
  /** Calls under way at a time: the next one is made when one is answered. */
  readonly concurrency: number;
  readonly connections: number;
  /** Calls a second; undefined: as many as are answered. */
  readonly rate?: number;
}
