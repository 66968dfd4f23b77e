/** What came of a request that an S3 did not do: with nothing in it that a log must not see. */
export class S3Error extends Error {
  override readonly name = "S3Error";
  /** What S3 calls it ("AccessDenied", "SlowDown"), or the system ("ECONNREFUSED"). */
  readonly code: string;
  /** The region that the bucket is in, where the answer tells. */
  readonly region: string | undefined;

  constructor(code: string, message: string, region?: string) {
    super(message);
    this.code = code;
    this.region = region;
  }
}

/** The code of a request that took too long. */
export const TIMED_OUT = "ETIMEDOUT";

const ABORTED = "ABORT_ERR";

/** Statuses that say nothing of the request, but that the server cannot serve it now. */
export const AWAY_STATUSES: ReadonlySet<number> = new Set([408, 429, 499, 500, 502, 503, 504, 520]);

const AWAY_CODES = new Set([
  "SlowDown",
  "ServiceUnavailable",
  "InternalError",
  "RequestTimeout",
  "OperationAborted",
  "ConditionalRequestConflict",
  TIMED_OUT,
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "EPIPE",
]);
// What MinIO says of itself while it starts, and while too few of its disks are there.
const AWAY_PATTERN = /^(?:ECONN|XMinioServerNotInitialized|XMinio(?:Read|Write)Quorum|HTTP_)/;
const LOST_CODES = new Set(["ECONNRESET", "EPIPE"]);

/** Whether an error says that there is no S3 for the moment, and not that something was wrong with what was asked. */
export function isAway(error: unknown): boolean {
  return error instanceof S3Error && (AWAY_CODES.has(error.code) || AWAY_PATTERN.test(error.code));
}

/** Whether a connection was lost: a new one may well do, since servers close those that rest. */
export function isLost(error: unknown): boolean {
  return error instanceof S3Error && LOST_CODES.has(error.code);
}

/**
 * What the client or the system threw, without the fields that the client copies from answers: of a wrong signature they
 * hold all that was signed.
 */
export function toS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  const { code, message, region, amzBucketRegion } = error as Record<string, string | undefined>;
  if (code === ABORTED) return new S3Error(TIMED_OUT, "it does not answer in time");
  // Where a name has several addresses the message is empty, and the code is that of them all.
  return new S3Error(code ?? "Unknown", message || code || String(error), amzBucketRegion || region || undefined);
}
