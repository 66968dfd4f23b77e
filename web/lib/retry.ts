import { isUnreachable, problemOf } from "./errors.ts";

const MAX_RETRIES = 2;
const FIRST_PAUSE_MS = 800;
/** Whoever waits longer than this wants to be told instead. */
const LONGEST_PAUSE_MS = 4_000;

/**
 * How a call that may be made twice is made again where the shop could not be reached: when the failure says that it is worth
 * it, or else after a pause that grows; a little later at random, so that not all who were turned away come back at once.
 */
export const retries = {
  retry: (failures: number, error: unknown): boolean => failures < MAX_RETRIES && isUnreachable(error),
  retryDelay(failures: number, error: unknown): number {
    const pauseMs = problemOf(error).retryAfterMs ?? FIRST_PAUSE_MS * 2 ** failures;
    return Math.min(pauseMs, LONGEST_PAUSE_MS) * (1 + Math.random() / 4);
  },
};
