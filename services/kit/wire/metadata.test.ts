import type { OutgoingHttpHeaders } from "node:http";
import { Code, ConnectError, decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addErrorMetadata, addHeaders, toHeaders } from "./metadata.ts";

const name = fc.stringMatching(/^x-[a-z0-9-]{1,10}$/);
const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);

describe("headers", () => {
  it("come out as they went in, each name once", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), (fields) => {
        const headers = new Headers(fields);
        const to: OutgoingHttpHeaders = {};
        addHeaders(to, headers);
        expect([...toHeaders(to as Record<string, string>)]).toEqual([...headers]);
      }),
    );
  });

  it("carry bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        const to: OutgoingHttpHeaders = {};
        addHeaders(to, new Headers([["x-bytes-bin", encodeBinaryHeader(bytes)]]), "trailer-");
        expect([...decodeBinaryHeader(`${to["trailer-x-bytes-bin"]}`)]).toEqual([...bytes]);
      }),
    );
  });

  it("keep cookies apart, and leave out what is HTTP/2's own", () => {
    const headers = toHeaders({ ":path": "/x", "set-cookie": ["a=1", "b=2"], host: "shop" });
    expect([...headers]).toEqual([
      ["host", "shop"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    const to: OutgoingHttpHeaders = {};
    addHeaders(to, headers);
    expect(to).toEqual({ host: "shop", "set-cookie": ["a=1", "b=2"] });
  });
});

describe("what an error carries besides its status", () => {
  const metadata = { "x-why": "because", "content-type": "text/html", "grpc-status": "0", "content-length": "7" };

  it("is sent, except for what belongs to the protocols", () => {
    const to: OutgoingHttpHeaders = {};
    addErrorMetadata(to, new ConnectError("no", Code.Aborted, metadata));
    expect(to).toEqual({ "x-why": "because" });
  });

  it("is not handed on from another service", () => {
    const error = new ConnectError("no", Code.Aborted, metadata);
    Object.assign(error, { isWireError: true });
    const to: OutgoingHttpHeaders = {};
    addErrorMetadata(to, error);
    expect(to).toEqual({});
  });
});
