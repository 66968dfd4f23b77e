import { describe, expect, it } from "vitest";
import { ATTEMPTS_MAX } from "#kit/client/retry.ts";
import type { MeshMethod } from "../../model.ts";
import { duration, treatmentOf } from "./treatment.ts";

const KINDS: readonly MeshMethod["kind"][] = ["unary", "server_streaming", "client_streaming", "bidi_streaming"];
const IDEMPOTENCIES: readonly MeshMethod["idempotency"][] = ["none", "idempotent", "no_side_effects"];

describe("a call", () => {
  const cases = KINDS.flatMap((kind) => IDEMPOTENCIES.map((idempotency) => ({ kind, idempotency })));

  it.each(cases)("that is $kind and $idempotency is sent again only if both allow it", ({ kind, idempotency }) => {
    const repeatable = kind === "unary" && (idempotency === "idempotent" || idempotency === "no_side_effects");
    const { retries } = treatmentOf({ kind, idempotency, timeoutMs: 1_000 });
    expect(retries).toBe(repeatable ? ATTEMPTS_MAX - 1 : 0);
  });

  it.each([1, 2_000, undefined])("has the contract's time: %s", (timeoutMs) => {
    expect(treatmentOf({ kind: "unary", idempotency: "none", timeoutMs }).timeoutMs).toBe(timeoutMs);
  });
});

it.each([
  [1, "1ms"],
  [1_500, "1500ms"],
  [2_000, "2s"],
  [60_000, "60s"],
])("%s ms are written %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});
