import {
  MongoBulkWriteError,
  MongoClientClosedError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
} from "mongodb";

/**
 * What a server says that is stopping, that is no primary any more, or that cannot get its majority: the codes that
 * drivers retry by (MongoDB's specification of retryable writes), and those of a time that ran out.
 */
const AWAY_CODES = new Set<number | string | undefined>([
  6, // HostUnreachable
  7, // HostNotFound
  50, // MaxTimeMSExpired
  64, // WriteConcernFailed: no majority within the time
  89, // NetworkTimeout
  91, // ShutdownInProgress
  100, // UnsatisfiableWriteConcern
  134, // ReadConcernMajorityNotAvailableYet
  189, // PrimarySteppedDown
  202, // NetworkInterfaceExceededTimeLimit
  262, // ExceededTimeLimit
  9001, // SocketException
  10058, // LegacyNotPrimary
  10107, // NotWritablePrimary
  11600, // InterruptedAtShutdown
  11602, // InterruptedDueToReplStateChange
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
]);
/** Classes that the driver does not export: a pool or a server that is no more. */
const AWAY_NAMES = /^(MongoPoolClosed|MongoServerClosed|MongoStalePrimary)Error$/;
/** What the system says of a connection; where writing fails at once, the driver passes that on as it is. */
const AWAY_SYSTEM_CODES = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST|ENET|ERR_STREAM_)/;

/** Nobody answers on a connection that nobody else uses; what the driver said is its cause. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  constructor(cause: unknown) {
    super("MongoDB gives no sign of life", { cause });
  }
}

/** Whether an error says that no connection of the pool became free in time: all are in use, or none can be opened. */
export function isPoolBusy(error: unknown): boolean {
  return error instanceof Error && error.name === "MongoWaitQueueTimeoutError";
}

/** Whether the driver has looked for a server in vain until its time was over. */
export const isUnfound = (error: unknown): boolean => error instanceof MongoServerSelectionError;

/** Whether an error says that there is no MongoDB for the moment, and not that something was wrong with what was asked. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof MongoServerSelectionError || error instanceof MongoNetworkError) return true;
  if (error instanceof MongoTopologyClosedError || error instanceof MongoNotConnectedError) return true;
  if (error instanceof NoAnswerError || error instanceof MongoClientClosedError || AWAY_NAMES.test(error.name))
    return true;
  const { code } = error as { code?: number | string };
  if (typeof code === "string") return AWAY_SYSTEM_CODES.test(code);
  if (!(error instanceof MongoServerError)) return false;
  if (AWAY_CODES.has(code) || error.hasErrorLabel("RetryableWriteError")) return true;
  if (!(error instanceof MongoBulkWriteError)) return false;
  // A bulk write that was made, but not by a majority; or one around what kept it from being made.
  return AWAY_CODES.has(error.result.getWriteConcernError()?.code) || isAway(error.errorResponse);
}

/** Whether an error says that a document with this id, or with this value of a unique index, is there already. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === 11000;
}
