import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { retries } from "./retry.ts";

const away = (seconds?: number) =>
  new ConnectError(
    "",
    Code.Unavailable,
    undefined,
    seconds === undefined ? [] : [{ desc: RetryInfoSchema, value: { retryDelay: { seconds: BigInt(seconds) } } }],
  );

test("only what could not be reached is tried again, and not for ever", () => {
  expect([0, 1, 2].map((failures) => retries.retry(failures, away()))).toEqual([true, true, false]);
  expect(retries.retry(0, new ConnectError("", Code.NotFound))).toBe(false);
});

test.each([
  ["when the failure says so", 0, away(2), 2_000],
  ["no later than anybody waits", 0, away(60), 4_000],
  ["soon where nothing is said", 0, away(), 800],
  ["later the second time", 1, away(), 1_600],
])("%s", (_, failures, error, pauseMs) => {
  const delay = retries.retryDelay(failures, error);
  expect(delay).toBeGreaterThanOrEqual(pauseMs);
  expect(delay).toBeLessThan(pauseMs * 1.25);
});
