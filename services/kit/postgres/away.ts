import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "../failure.ts";
import { reasonOf } from "../reason.ts";

/** There is no connection to be had; what the driver said is its cause. */
export class NoConnectionError extends Error {
  override readonly name = "NoConnectionError";
  constructor(cause: unknown) {
    super(reasonOf(cause), { cause });
  }
}

/** All connections were in use for longer than anybody wants to wait. */
export class PoolBusyError extends Error {
  override readonly name = "PoolBusyError";
}

// Classes of SQLSTATE and codes of the system that mean that the server is away: 08 connection, 53 resources, 57P shutdown;
// 25006 is a server that has become a standby: the one that takes writes is elsewhere.
const AWAY = /^(08|53|57P|25006|ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_AGAIN)/;
// The driver's own errors have no code. "Query read timeout" is an answer that did not come in time.
const AWAY_MESSAGE =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable|connection error|timeout expired/;
// What a server says that is there and cannot do it in time: a cancelled statement, a lock not got, a deadlock, a conflict.
const BUSY = new Set(["57014", "55P03", "40P01", "40001"]);
// What PostgreSQL says of a character it cannot store (appendix A of its manual): NUL, in text and in JSON.
const UNSTORABLE = new Set(["22021", "22P05"]);
const RETRY_AFTER_MS = 500;

const codeOf = (error: unknown): string => {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : "";
};

/** Whether a server says that it has no room for one more connection: so it is there. */
export const isFull = (error: unknown): boolean => codeOf(error) === "53300";

/** Whether an error says that there is no database for the moment, and not that something was wrong with what was asked. */
export function isAway(error: unknown): boolean {
  if (error instanceof NoConnectionError) return true;
  const code = codeOf(error);
  return AWAY.test(code) || (code === "" && error instanceof Error && AWAY_MESSAGE.test(error.message));
}

/**
 * Whether a prepared statement was refused, and not begun, since a table that it reads got other columns: a newer version
 * migrates while this one runs. On a new connection it works again.
 */
export const isPlanOutdated = (error: unknown): boolean => codeOf(error) === "0A000";

/** Whether a connection is of no further use after an error. */
export const breaksConnection = (error: unknown): boolean => isAway(error) || isPlanOutdated(error);

/** What an error of the database means to a caller, where it means something. */
export function meaning(error: unknown): unknown {
  if (UNSTORABLE.has(codeOf(error))) {
    return callFailure(ErrorReason.INVALID_INPUT, "A text holds a character that cannot be stored.", {
      violations: [],
      cause: error,
    });
  }
  if (error instanceof PoolBusyError || BUSY.has(codeOf(error))) {
    const details = { retryAfterMs: RETRY_AFTER_MS, cause: error };
    return callFailure(ErrorReason.DEPENDENCY_UNAVAILABLE, "A store is too busy for the moment; try again.", details);
  }
  return error;
}
