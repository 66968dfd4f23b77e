import { performance } from "node:perf_hooks";

/** What the process tells of its event loop. */
export interface LoopClock {
  /** A clock, in milliseconds. */
  readonly nowMs: () => number;
  /** Milliseconds that the loop has waited for something to do, since it began. */
  readonly idleMs: () => number;
  /** Calls once the present turn of the loop is over. */
  readonly afterTurn: (listener: () => void) => void;
}

/** The event loop as the one queue that all calls of a process stand in. */
export interface EventLoop {
  /**
   * To be called when a call is there.
   * @returns when it may have arrived: it waited for what this turn of the loop did before it, and for the turn before,
   * in which it came. Under overload those that are let in are the first of these, so it is all of that turn.
   */
  enter(): number;
  /** The number of the present turn; 0 when no call came in it. */
  readonly turn: number;
  /** Whether the loop has not rested for so long that this is no burst. */
  readonly busy: boolean;
}

// So long without rest is more than a burst.
const BUSY_AFTER_MS = 500;
// A loop that rests less is at its end. What is measured of one that never rests is up to a fifth where the process has to
// share its core: the wait to be woken counts as rest.
const REST_MIN = 0.25;
const WINDOW_MS = 100;
// Between two turns of a loop that has work lies less.
const TURN_GAP_MS = 1;

/** The clock of this process. */
export const processLoop: LoopClock = {
  nowMs: () => performance.now(),
  idleMs: () => performance.eventLoopUtilization().idle,
  afterTurn: (listener) => void setImmediate(listener),
};

/**
 * Watches the turns of the event loop in which calls come in; costs nothing while none do.
 * @param onTurnEnd called after each turn in which a call came in
 */
export function watchEventLoop({ nowMs, idleMs, afterTurn }: LoopClock, onTurnEnd: () => void): EventLoop {
  let turns = 0;
  let inTurn = false;
  let startMs = 0;
  let endMs = Number.NEGATIVE_INFINITY;
  let beforeMs = 0;
  let windowMs = nowMs();
  let windowIdleMs = idleMs();
  let restedMs = windowMs;
  let busy = false;

  const end = () => {
    endMs = nowMs();
    beforeMs = endMs - startMs;
    if (endMs - windowMs >= WINDOW_MS) {
      const idle = idleMs();
      if (idle - windowIdleMs >= REST_MIN * (endMs - windowMs)) restedMs = endMs;
      busy = endMs - restedMs >= BUSY_AFTER_MS;
      windowMs = endMs;
      windowIdleMs = idle;
    }
    onTurnEnd();
    inTurn = false;
  };

  return {
    get turn() {
      return inTurn ? turns : 0;
    },
    get busy() {
      return busy;
    },
    enter() {
      const now = nowMs();
      if (!inTurn) {
        inTurn = true;
        turns++;
        startMs = now;
        if (now - endMs > TURN_GAP_MS) beforeMs = 0;
        afterTurn(end);
      }
      return startMs - beforeMs;
    },
  };
}
