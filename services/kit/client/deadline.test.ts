import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { atDeadline } from "./deadline.ts";

const past = () => performance.now() - 1;
const ahead = () => performance.now() + 60_000;

describe("an error at the deadline", () => {
  it.each([
    ["a cancelled stream after the deadline is late", Code.Canceled, past, Code.DeadlineExceeded],
    ["a cancelled stream before it is cancelled", Code.Canceled, ahead, Code.Canceled],
    ["a cancelled stream without a deadline is cancelled", Code.Canceled, () => undefined, Code.Canceled],
    ["any other error stays what it is", Code.Unavailable, past, Code.Unavailable],
  ])("%s", (_, code, deadlineMs, told) => {
    expect(atDeadline(new ConnectError("", code), deadlineMs()).code).toBe(told);
  });
});
