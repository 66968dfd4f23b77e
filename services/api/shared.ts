import { runInBackground } from "#kit/call.ts";

/**
 * What is the same for everybody, asked for once: whoever asks while it is under way, or until it is `freshMs` milliseconds
 * old, gets that answer. It is nobody's own call, so nobody who goes away takes it from the others, and no user's token goes
 * with it. A failure goes to all who wait and is not kept.
 * @param nowMs a clock, for tests
 */
export function shared<T>(
  ask: () => Promise<T>,
  freshMs: number,
  nowMs: () => number = () => performance.now(),
): () => Promise<T> {
  let latest: Promise<T> | undefined;
  let staleAtMs = Number.POSITIVE_INFINITY;
  return () => {
    if (latest !== undefined && nowMs() < staleAtMs) return latest;
    const asked = runInBackground(ask);
    latest = asked;
    staleAtMs = Number.POSITIVE_INFINITY;
    asked.then(
      () => {
        if (latest === asked) staleAtMs = nowMs() + freshMs;
      },
      () => {
        if (latest === asked) latest = undefined;
      },
    );
    return asked;
  };
}
