import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BadRequestSchema, ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { detailBytes, encodeMessage, errorTrailers } from "./status.ts";

const codes = Object.values(Code).filter((it) => typeof it === "number");
// Headers hold no unpaired halves of characters; those become U+FFFD.
const text = fc.string({ unit: "binary" });

describe("the message of a status", () => {
  it.each([
    ["plain", "plain"],
    ["50 % off", "50 %25 off"],
    ["a\nb", "a%0Ab"],
    ["ñ 字", "%C3%B1 %E5%AD%97"],
    ["\ud800", "%EF%BF%BD"],
    ["", ""],
  ])("%j stands in a header as %s", (message, header) => {
    expect(encodeMessage(message)).toBe(header);
  });

  it("can always stand in a header, and be read again", () => {
    fc.assert(
      fc.property(text, (message) => {
        const header = encodeMessage(message);
        expect(header).toMatch(/^[ -~]*$/);
        expect(decodeURIComponent(header)).toBe(message.toWellFormed());
      }),
    );
  });
});

describe("the trailers of an error", () => {
  it("are read by Connect's own client as what was thrown", () => {
    const details = fc.record({ reason: fc.string(), domain: fc.string(), field: fc.string() });
    fc.assert(
      fc.property(fc.constantFrom(...codes), text, fc.option(details), (code, message, more) => {
        const error = new ConnectError(message, code);
        if (more !== null) {
          const { reason, domain, field } = more;
          error.details.push({ desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason, domain }) });
          error.details.push({ desc: BadRequestSchema, value: { fieldViolations: [{ field }] } });
        }
        const read = findTrailerError(new Headers(errorTrailers(error)));
        expect([read?.code, read?.rawMessage]).toEqual([code, message.toWellFormed()]);
        expect(read?.findDetails(ErrorInfoSchema)).toMatchObject(
          more === null ? [] : [{ reason: more.reason, domain: more.domain }],
        );
        expect(read?.findDetails(BadRequestSchema)).toHaveLength(more === null ? 0 : 1);
      }),
    );
  });

  it("carry details that came from elsewhere as they are", () => {
    const error = new ConnectError("x", Code.Aborted);
    const detail = { type: "some.Unknown", value: new Uint8Array([1, 2, 3]) };
    error.details.push(detail);
    expect(detailBytes(detail)).toBe(detail);
    expect(findTrailerError(new Headers(errorTrailers(error)))?.details).toMatchObject([detail]);
  });
});
