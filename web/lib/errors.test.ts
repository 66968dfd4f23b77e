import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "#gen/google/rpc/error_details_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/order/v1/error_reason_pb.js";
import { hasReason, isOutcomeUnknown, problemOf, sentenceOf } from "./errors.ts";

function failure(code: Code, domain: string, reason: string, metadata: Record<string, string> = {}) {
  return new ConnectError("for the log", code, undefined, [
    { desc: ErrorInfoSchema, value: { domain, reason, metadata } },
    { desc: RetryInfoSchema, value: { retryDelay: { seconds: 90n } } },
    { desc: RequestInfoSchema, value: { requestId: "r-1" } },
    { desc: BadRequestSchema, value: { fieldViolations: [{ field: "card.number", description: "is wrong" }] } },
  ]);
}

test.each([
  [failure(Code.Unauthenticated, "shop.auth", "CREDENTIALS_INVALID"), "do not belong together"],
  [failure(Code.ResourceExhausted, "shop.auth", "LOCKED_OUT"), "in 2 minutes"],
  [failure(Code.ResourceExhausted, "shop.mesh", "OVERLOADED"), "very busy just now. Please try again in 2 minutes"],
  [failure(Code.FailedPrecondition, "shop.cart", "QUANTITY_LIMIT", { limit: "3" }), "You can have 3 of this"],
  [
    failure(Code.FailedPrecondition, "shop.order", "PAYMENT_DECLINED", { decline_code: "insufficient_funds" }),
    "not enough",
  ],
  [failure(Code.FailedPrecondition, "shop.order", "PAYMENT_DECLINED", { decline_code: "constructor" }), "another card"],
  [failure(Code.ResourceExhausted, "shop.mesh", "MESSAGE_TOO_LARGE"), "larger than the shop can take"],
  [failure(Code.Internal, "shop.mesh", "INTERNAL"), "went wrong on our side"],
  [new ConnectError("Failed to fetch", Code.Unknown, undefined, undefined, new TypeError()), "cannot be reached"],
  [new Error("a bug"), "went wrong on our side"],
])("%s is told in words", (error, words) => {
  const sentence = sentenceOf(error);
  expect(sentence).toContain(words);
  expect(sentence).not.toContain("for the log");
});

test("the same reason of another service is another failure", () => {
  const error = failure(Code.FailedPrecondition, "shop.product", "OUT_OF_STOCK");
  expect(hasReason(error, ErrorReasonSchema, ErrorReason.OUT_OF_STOCK)).toBe(false);
});

test("a problem holds what the details say", () => {
  expect(problemOf(failure(Code.InvalidArgument, "shop.order", "CARD_INVALID"))).toMatchObject({
    known: true,
    requestId: "r-1",
    retryAfterMs: 90_000,
    violations: [{ field: "card.number", description: "is wrong" }],
  });
});

test.each([
  [Code.Unavailable, true],
  [Code.DeadlineExceeded, true],
  [Code.Internal, true],
  [Code.FailedPrecondition, false],
  [Code.InvalidArgument, false],
  [Code.ResourceExhausted, false],
])("after code %s the outcome is unknown: %s", (code, unknown) => {
  expect(isOutcomeUnknown(new ConnectError("", code))).toBe(unknown);
});
