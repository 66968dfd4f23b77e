import { create } from "@bufbuild/protobuf";
import { durationFromMs, MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure, toConnectError } from "../failure.ts";
import { ATTEMPTS_MAX, RETRY_BACKOFF, retryDelayMs } from "./retry.ts";

const CODES = Object.values(Code).filter((it): it is Code => typeof it === "number");
const LEVELS = [Idempotency.IDEMPOTENCY_UNKNOWN, Idempotency.NO_SIDE_EFFECTS, Idempotency.IDEMPOTENT];
const TOLD_MS = 700;

function errorOf(code: Code, told: "nothing" | "pushback" | "never" | "RetryInfo"): ConnectError {
  const pushback = { nothing: undefined, RetryInfo: undefined, never: "-1", pushback: `${TOLD_MS}` }[told];
  const error = new ConnectError("", code, pushback === undefined ? undefined : { "grpc-retry-pushback-ms": pushback });
  if (told === "RetryInfo")
    error.details.push({
      desc: RetryInfoSchema,
      value: create(RetryInfoSchema, { retryDelay: durationFromMs(TOLD_MS) }),
    });
  return error;
}

/** Whether a call may be made again, as the contract and the server say. */
function mayRetry(level: Idempotency, code: Code, told: string): boolean {
  if (level === Idempotency.IDEMPOTENCY_UNKNOWN || told === "never") return false;
  return code === Code.Unavailable || (code === Code.ResourceExhausted && told !== "nothing");
}

describe("a failed call is made again", () => {
  const rows = LEVELS.flatMap((level) =>
    CODES.flatMap((code) =>
      (["nothing", "pushback", "never", "RetryInfo"] as const).map((told) => ({ level, code, told })),
    ),
  );
  it(`only as its contract and the server allow, in ${rows.length} cases`, () => {
    for (const { level, code, told } of rows) {
      const delayMs = retryDelayMs({ idempotency: level, error: errorOf(code, told), attempts: 1, nested: true });
      expect(delayMs !== undefined, `${Idempotency[level]} ${Code[code]} ${told}`).toBe(mayRetry(level, code, told));
    }
  });

  it("at most so often", () => {
    const error = errorOf(Code.Unavailable, "nothing");
    const delays = [1, 2, 3, 4].map((attempts) =>
      retryDelayMs({ idempotency: Idempotency.IDEMPOTENT, error, attempts, nested: false }),
    );
    expect(delays.filter((it) => it !== undefined)).toHaveLength(ATTEMPTS_MAX - 1);
  });

  it("after a while that grows and is left to chance, never before the server's time", () => {
    const delayMs = (attempts: number, told: "nothing" | "pushback" | "RetryInfo", random: number) => {
      const error = errorOf(Code.Unavailable, told);
      return retryDelayMs({ idempotency: Idempotency.IDEMPOTENT, error, attempts, nested: false }, () => random);
    };
    expect(delayMs(1, "nothing", 0)).toBe(RETRY_BACKOFF.baseMs);
    expect(delayMs(2, "nothing", 0)).toBe(RETRY_BACKOFF.baseMs * RETRY_BACKOFF.factor);
    expect(delayMs(1, "nothing", 1)).toBe(0);
    for (const told of ["pushback", "RetryInfo"] as const) expect(delayMs(1, told, 1)).toBe(TOLD_MS);
  });

  it("by whoever began it all, where something behind the server is away", () => {
    const error = toConnectError(callFailure(ErrorReason.DEPENDENCY_UNAVAILABLE, "", { retryAfterMs: TOLD_MS }), "");
    const delayMs = (nested: boolean) =>
      retryDelayMs({ idempotency: Idempotency.IDEMPOTENT, error, attempts: 1, nested }, () => 1);
    expect(delayMs(false)).toBe(TOLD_MS);
    expect(delayMs(true)).toBeUndefined();
  });
});
