import type { SignOfLife } from "./engine-sign-of-life.ts";

/** How long an operation on an engine may take. */
export interface Limit {
  /** Milliseconds from its start. */
  readonly ms: number;
  /** Aborts when the operation is given up: what it holds, such as a connection, is of no use. Made when first asked for. */
  readonly signal: AbortSignal;
}

/** An operation that took longer than it may, or whose engine does not say a word. */
export class LateError extends Error {
  override readonly name = "LateError";
  /** Whether the engine is silent altogether. */
  readonly silent: boolean;

  constructor(message: string, silent: boolean) {
    super(message);
    this.silent = silent;
  }
}

/** What an operation is run with. */
export interface LimitOptions {
  /** The engine's name, for the sentence. */
  readonly name: string;
  readonly limitMs: number;
  /** Where there is one, the engine is asked for a sign of life while an operation takes its time. */
  readonly life: SignOfLife | undefined;
}

/** After this time without an answer an operation makes one wonder whether the engine is still there. */
export const SUSPICION_MS = 1_000;

/** The limit of one operation; most never ask for its signal, which costs as much as all else here. */
function createLimit(ms: number): Limit & { end(reason: unknown): void } {
  let controller: AbortController | undefined;
  let ended: { readonly reason: unknown } | undefined;
  return {
    ms,
    get signal() {
      if (controller === undefined) {
        controller = new AbortController();
        if (ended !== undefined) controller.abort(ended.reason);
      }
      return controller.signal;
    },
    end(reason) {
      ended ??= { reason };
      controller?.abort(reason);
    },
  };
}

/**
 * Runs an operation until its limit; what comes later is dropped. Of one that goes on after its limit it is watched whether
 * its engine still gives signs of life, so that what it holds is given up when it does not.
 * @throws LateError when it was not done in time, or when the engine was found to be silent before that
 */
export function runWithin<T>(operation: (limit: Limit) => Promise<T>, options: LimitOptions): Promise<T> {
  const { name, limitMs, life } = options;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const limit = createLimit(limitMs);
  let over = false;
  const giveUp = (silent: boolean) => {
    const late = new LateError(
      silent ? `${name} does not give a sign of life` : `${name} did not answer within ${Math.round(limitMs)} ms`,
      silent,
    );
    reject(late);
    // Where the engine is only slow, what the operation holds is in good order and comes free by itself.
    if (silent || life === undefined) limit.end(late);
  };
  let suspicionTimer: NodeJS.Timeout | undefined;
  const suspect = async () => {
    if (over || life === undefined) return;
    clearTimeout(suspicionTimer);
    const isThere = await life.isThere();
    if (over) return;
    clearTimeout(suspicionTimer);
    if (!isThere) giveUp(true);
    else suspicionTimer = setTimeout(suspect, SUSPICION_MS);
  };
  const onLate = () => {
    if (over) return;
    giveUp(false);
    void suspect();
  };
  // After a moment in which the process itself did nothing, answers may be there already: they are read first.
  const lateTimer = setTimeout(() => setImmediate(onLate), limitMs);
  if (life !== undefined) suspicionTimer = setTimeout(suspect, SUSPICION_MS);
  const begun = (async () => operation(limit))();
  begun.then(resolve, reject).finally(() => {
    over = true;
    clearTimeout(suspicionTimer);
  });
  return promise.finally(() => clearTimeout(lateTimer));
}
