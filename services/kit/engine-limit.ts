/** How long an operation on an engine may take. */
export interface Limit {
  /** Milliseconds from its start. */
  readonly ms: number;
  /** Aborts when the time is over: nobody waits for the operation any more. Made when it is first asked for. */
  readonly signal: AbortSignal;
}

/** A limit and the way to say that it is over. */
export interface RunningLimit extends Limit {
  end(reason: unknown): void;
}

/** The limit of one operation; most operations never ask for its signal, which costs as much as all else here. */
export function createLimit(ms: number): RunningLimit {
  let controller: AbortController | undefined;
  let ended = false;
  let reason: unknown;
  return {
    ms,
    get signal() {
      if (controller === undefined) {
        controller = new AbortController();
        if (ended) controller.abort(reason);
      }
      return controller.signal;
    },
    end(why) {
      ended = true;
      reason = why;
      controller?.abort(why);
    },
  };
}
