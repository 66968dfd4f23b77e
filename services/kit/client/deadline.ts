import { Code, ConnectError } from "@connectrpc/connect";

/**
 * An error as its caller is to be told of it. A server keeps a call's deadline too, and when it is over may cancel the
 * stream a moment before our own timer runs: then it was the time that ended the call.
 * @param deadlineMs on the clock of `performance.now()`
 */
export function atDeadline(error: unknown, deadlineMs: number | undefined): ConnectError {
  const told = ConnectError.from(error);
  if (told.code !== Code.Canceled || deadlineMs === undefined || performance.now() < deadlineMs) return told;
  return new ConnectError("the operation timed out", Code.DeadlineExceeded, undefined, undefined, error);
}
