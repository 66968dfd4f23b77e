import { ATTEMPTS_MAX, RETRY_BACKOFF } from "#kit/client/retry.ts";
import type { MeshMethod } from "../../model.ts";

/** How a proxy treats a call on its way: the same from a sidecar and from the ingress. */
export interface Treatment {
  /** The call is cut after that, all its attempts together; undefined for streams, which end when they are done. */
  readonly timeoutMs: number | undefined;
  /** How often it is sent again; 0 has to be said to Istio, which would do it twice. */
  readonly retries: number;
}

/** What is sent again, and when. An attempt has no time of its own: it may take all that the contract gives. */
export const RETRY = {
  /**
   * The request was not taken in, or its answer never began; gRPC's UNAVAILABLE (which the kit sends as a header, so that
   * proxies see it); Connect's, which is a 503. What says RESOURCE_EXHAUSTED has too much to do already.
   */
  on: ["connect-failure", "refused-stream", "reset", "unavailable", "503"],
  /** The first wait is a random part of it, the next ones of its doubles, up to ten times as much: as the kit's clients do. */
  backoffMs: RETRY_BACKOFF.baseMs,
} as const;

/** Plain HTTP beside the RPCs, and what no contract knows: pictures that have to be made first take longest. */
export const PLAIN_HTTP: Treatment = { timeoutMs: 30_000, retries: 0 };

/** What the contract says about a call, as a proxy does it. */
export function treatmentOf(method: Pick<MeshMethod, "kind" | "idempotency" | "timeoutMs">): Treatment {
  const { kind, idempotency, timeoutMs } = method;
  const repeatable = kind === "unary" && idempotency !== "none";
  return { timeoutMs, retries: repeatable ? ATTEMPTS_MAX - 1 : 0 };
}

/** A duration as Istio and Gateway API write it: "1.5s" is Istio's alone, "1500ms" both understand. */
export function duration(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}
