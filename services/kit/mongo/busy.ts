import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import type { Engine } from "../engine.ts";
import { callFailure } from "../failure.ts";
import { isPoolBusy } from "./away.ts";

const RETRY_AFTER_MS = 500;

/**
 * Runs operations and says what it means when none of the pool's connections became free in time: if the server gives a sign
 * of life the store is busy, which is no reason to stop asking it; if not, it is away.
 * @param ask for a sign of life; throws when there is none
 */
export function tellBusy(run: Engine["run"], ask: () => Promise<void>): Engine["run"] {
  return (operation, options) =>
    run(async (limit) => {
      try {
        return await operation(limit);
      } catch (error) {
        if (!isPoolBusy(error)) throw error;
        await ask();
        const details = { retryAfterMs: RETRY_AFTER_MS, cause: error };
        throw callFailure(
          ErrorReason.DEPENDENCY_UNAVAILABLE,
          "A store is too busy for the moment; try again.",
          details,
        );
      }
    }, options);
}
