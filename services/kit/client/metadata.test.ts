import { expect, it } from "vitest";
import { addMetadata } from "./metadata.ts";

it("metadata is added, except what is there and what the protocol says itself", () => {
  const header = [":path", "/a", "x-request-id", "own"];
  const given = new Headers({
    "X-Request-Id": "given",
    "x-text": "a",
    "x-bytes-bin": "AQI",
    "grpc-timeout": "1S",
    te: "x",
  });
  given.append("x-text", "b");
  addMetadata(header, given);
  expect(header.slice(0, 4)).toEqual([":path", "/a", "x-request-id", "own"]);
  expect(header.slice(4)).toEqual(["x-bytes-bin", "AQI", "x-text", "a, b"]);
});
