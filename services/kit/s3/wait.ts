import { setTimeout as sleep } from "node:timers/promises";
import { StartError } from "../start-error.ts";
import { isAway, S3Error } from "./error.ts";
import { createRequests, type Requests } from "./requests.ts";
import type { S3Options } from "./s3.ts";
import type { S3Settings } from "./settings.ts";

/** Which bucket to wait for, and how long. */
export interface BucketWait extends Pick<S3Options, "settings" | "lookup"> {
  readonly log: { warn(fields: object, text: string): void };
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal;
  readonly waitMs?: number;
}

const WAIT_MS = 60_000;
const TRY_MS = 5_000;
const PAUSE_MS = 500;

const MISSING = new Set(["NoSuchBucket", "NotFound"]);
const MADE_BY_ANOTHER = new Set(["BucketAlreadyOwnedByYou", "OperationAborted", "ConditionalRequestConflict"]);
const WRONG_KEYS = new Set(["InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidAccessKey", "InvalidToken"]);
const WRONG_REGION = new Set([
  "AuthorizationHeaderMalformed",
  "PermanentRedirect",
  "MovedPermanently",
  "InvalidRegion",
]);
const CERTIFICATE = /CERT|^ERR_TLS|^UNABLE_TO_VERIFY|SIGNATURE_FAILURE/;
const OTHER_PROTOCOL = /^HPE_|^EPROTO|^ERR_SSL/;

/** What is wrong, and what to do about it. */
function adviceOf({ code, message, region }: S3Error, { variable, bucket }: S3Settings): string {
  if (WRONG_KEYS.has(code)) return `refuses the keys (${code}): look at the access key and its secret`;
  if (WRONG_REGION.has(code))
    return `says that the bucket "${bucket}" is in another region: set ${variable}'s region=${region ?? "…"}`;
  if (code === "AccessDenied")
    return `denies access to the bucket "${bucket}": allow these keys to list it, and to get, put and delete its objects`;
  if (code === "BucketAlreadyExists")
    return `has the bucket "${bucket}" already, but it is somebody else's: choose another name`;
  if (code === "RequestTimeTooSkewed") return "finds that the clock of this machine is wrong";
  if (CERTIFICATE.test(code))
    return `has a certificate that is not trusted (${code}): name its authority's file in S3_CA`;
  if (OTHER_PROTOCOL.test(code)) return `does not speak the protocol that ${variable} begins with (${code})`;
  return `refuses the bucket "${bucket}": ${message} (${code})`;
}

/** Makes the bucket where there is none; any number of processes may do so at once. */
async function seeBucket(requests: Requests, { bucket }: S3Settings): Promise<void> {
  try {
    await requests.look();
  } catch (error) {
    if (!(error instanceof S3Error) || !MISSING.has(error.code)) throw error;
    await requests.create().catch((failure: S3Error) => {
      if (MADE_BY_ANOTHER.has(failure.code)) return;
      if (failure.code !== "AccessDenied") throw failure;
      throw new StartError(
        `has no bucket "${bucket}", and these keys may not make one: make it, or allow them to (s3:CreateBucket)`,
      );
    });
  }
}

/** Why there is no point in waiting, if there is none. */
function refusalOf(error: unknown, settings: S3Settings): string | undefined {
  if (error instanceof StartError) return error.message;
  if (!(error instanceof S3Error)) throw error;
  return isAway(error) ? undefined : adviceOf(error, settings);
}

/**
 * Waits until a bucket can be used, and makes it where it is missing: services and their engines are often started together.
 * @throws StartError when the server does not answer within the time, or says that it will not do
 */
export async function awaitBucket(options: BucketWait): Promise<void> {
  const { settings, log, signal, waitMs = WAIT_MS } = options;
  const { variable, host, port } = settings;
  const at = `The S3 of ${variable} (${host}${port === undefined ? "" : `:${port}`})`;
  const requests = createRequests(options);
  const startMs = performance.now();
  try {
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      try {
        return await requests.within(AbortSignal.timeout(TRY_MS), () => seeBucket(requests, settings));
      } catch (error) {
        const refusal = refusalOf(error, settings);
        if (refusal !== undefined) throw new StartError(`${at} ${refusal}.`);
        const waitedMs = performance.now() - startMs;
        const reason = (error as S3Error).message;
        if (waitedMs >= waitMs)
          throw new StartError(`${at} did not answer within ${Math.round(waitedMs / 1000)} seconds: ${reason}.`);
        if (attempt === 1) log.warn({ reason }, "waiting for the S3");
        await sleep(PAUSE_MS, undefined, signal && { signal });
      }
    }
  } finally {
    requests.close();
  }
}
