import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "#kit/failure.ts";

/** Lets few pieces of heavy work run at once, some wait, and turns others away. */
export interface Gate {
  /** @throws Failure RATE_LIMITED when too many wait. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

const RETRY_AFTER_MS = 1_000;

/** A gate for `runningMax` at once, with `waitingMax` waiting, first come, first served. */
export function createGate({ runningMax, waitingMax }: { runningMax: number; waitingMax: number }): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;
  const enter = async () => {
    if (running < runningMax) {
      running += 1;
      return;
    }
    if (waiting.length >= waitingMax) {
      throw callFailure(ErrorReason.RATE_LIMITED, "Too many pictures are being worked on; try again soon.", {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leave = () => {
    // The place goes to the next in line, so that nobody slips in between.
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  return {
    async run(work) {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
