import { setTimeout as sleep } from "node:timers/promises";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import type { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/auth/v1/error_reason_pb.js";
import { type BackoffPolicy, backoffMs } from "#kit/client/backoff.ts";
import { isFailure } from "#kit/failure.ts";
import { StartError } from "#kit/start-error.ts";
import { type CatalogueClients, type LoadOptions, loadDemoCatalogue } from "./load.ts";

/** What filling a shop from outside needs. */
export interface FillOptions extends Omit<LoadOptions, "clients" | "token"> {
  readonly clients: CatalogueClients & { readonly auth: Client<typeof AuthService> };
  readonly administrator: { readonly email: string; readonly password: string };
  readonly log: LoadOptions["log"] & { warn(fields: object, message: string): void };
  /** How long nothing may go on before it gives up. */
  readonly patienceMs?: number;
  readonly backoff?: BackoffPolicy;
}

/** A shop that is just being started answers within this, and counts of calls begin anew far sooner. */
const PATIENCE_MS = 5 * 60_000;
const BACKOFF: BackoffPolicy = { baseMs: 1_000, factor: 2, maxMs: 10_000, jitter: 0.2 };

/**
 * What passes by itself: the shop is being started or is busy, its routes are not there yet (404 is "unimplemented" to
 * Connect), the token has had its time, or the way to the shop broke.
 */
const PASSING = new Set([
  Code.Unavailable,
  Code.ResourceExhausted,
  Code.Aborted,
  Code.DeadlineExceeded,
  Code.Unauthenticated,
  Code.Unimplemented,
]);

/** What Node and OpenSSL say of a certificate that they do not believe. */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_|CERT_|ERR_TLS_CERT/;

function codesOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  return cause === undefined ? `${code}` : `${code} ${codesOf(cause)}`;
}

/** A sentence for what time will not mend; undefined for what it may. */
function hopeless(error: ConnectError): StartError | undefined {
  if (isFailure(error, ErrorReasonSchema, ErrorReason.CREDENTIALS_INVALID))
    return new StartError("The shop knows no account with ADMIN_EMAIL and ADMIN_PASSWORD.");
  if (error.code === Code.PermissionDenied)
    return new StartError(`The account of ADMIN_EMAIL may not fill the shop: ${error.rawMessage}`);
  if (UNTRUSTED.test(codesOf(error)))
    return new StartError(
      `The certificate of SHOP_URL is not to be trusted (${error.rawMessage}); where an authority of your own signed it, name that in NODE_EXTRA_CA_CERTS.`,
    );
  const answered = error.code !== Code.Internal && error.code !== Code.Unknown;
  return answered && !PASSING.has(error.code)
    ? new StartError(`The shop refused a part of the demo catalogue: ${error.message}`)
    : undefined;
}

function toldMs(error: ConnectError): number {
  const { retryDelay } = error.findDetails(RetryInfoSchema)[0] ?? {};
  return retryDelay === undefined ? 0 : durationMs(retryDelay);
}

/**
 * Fills a shop with the demo catalogue through its front door, as an administrator. Waits until the shop answers, comes
 * again when it is told to, and goes on where it was; gives up when nothing has gone on for some minutes.
 * @returns how many products it added.
 * @throws StartError with what has to be mended.
 */
export async function fillShop(options: FillOptions): Promise<number> {
  const { clients, administrator, log, signal, onProgress, patienceMs = PATIENCE_MS, backoff = BACKOFF } = options;
  let added = 0;
  let failures = 0;
  let progressMs = performance.now();
  let token: string | undefined;
  const signIn = async () => {
    const { accessToken } = await clients.auth.signIn(administrator, { signal });
    return accessToken?.token ?? "";
  };
  const onProduct = (done: number, total: number) => {
    added += 1;
    failures = 0;
    progressMs = performance.now();
    onProgress?.(done, total);
  };
  for (;;) {
    try {
      token ??= await signIn();
      await loadDemoCatalogue({ ...options, token, onProgress: onProduct });
      return added;
    } catch (thrown) {
      signal.throwIfAborted();
      const error = ConnectError.from(thrown);
      const why = hopeless(error);
      if (why !== undefined) throw why;
      failures += 1;
      const pauseMs = Math.max(toldMs(error), backoffMs(backoff, failures));
      const idleMs = performance.now() - progressMs + pauseMs;
      if (idleMs > patienceMs) {
        const minutes = Math.max(1, Math.round(patienceMs / 60_000));
        throw new StartError(`Nothing has gone on for ${minutes} minutes; the shop's last word: ${error.message}`);
      }
      if (error.code === Code.Unauthenticated) token = undefined;
      log.warn({ reason: error.message, pauseMs: Math.round(pauseMs) }, "the shop cannot take more just now");
      await sleep(pauseMs, undefined, { signal });
    }
  }
}
