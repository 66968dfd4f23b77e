import type { OutgoingHttpHeaders } from "node:http2";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterEach, describe, expect, it } from "vitest";
import { encodeEnvelope } from "../wire/envelope.ts";
import { TextService } from "./testing/echo.ts";
import { answer, answerStatus, type RawHandler, type RawServer, startRawServer, textFrame } from "./testing/servers.ts";
import { createServiceTransport, type ServiceTransport } from "./transport.ts";

const MAX_BYTES = 1_000;

let server: RawServer;
let transport: ServiceTransport;
afterEach(async () => {
  transport.close();
  await server.close();
});

async function call(handler: RawHandler) {
  server = await startRawServer(handler);
  transport = createServiceTransport({ baseUrls: server.url, maxBytes: MAX_BYTES });
  const seen: Headers[] = [];
  const options = { onHeader: (it: Headers) => void seen.push(it), onTrailer: (it: Headers) => void seen.push(it) };
  const client = createClient(TextService, transport);
  const message = await client.act({ value: "request" }, options);
  return { value: message.value, header: seen[0], trailer: seen[1] };
}

const failureOf = (handler: RawHandler) =>
  call(handler).then(
    () => expect.unreachable("the call should have failed"),
    (error: unknown) => ConnectError.from(error),
  );

const bytesOf = (value: string) => toBinary(StringValueSchema, { $typeName: "google.protobuf.StringValue", value });
const ok: OutgoingHttpHeaders = { "grpc-status": "0" };

describe("an answer", () => {
  it("brings its message, header and trailer", async () => {
    const { value, header, trailer } = await call((stream) =>
      answer(stream, {
        header: { "x-text": ["a", "b"], "x-bytes-bin": "AQI" },
        trailer: { ...ok, "x-end": "c" },
      }),
    );
    expect(value).toBe("answer");
    expect([header?.get("x-text"), header?.get("x-bytes-bin")]).toEqual(["a, b", "AQI"]);
    expect(trailer?.get("x-end")).toBe("c");
  });

  it.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
  ] as const)("may be compressed with %s", async (encoding, compress) => {
    const body = encodeEnvelope(1, compress(bytesOf("x".repeat(900))));
    const { value } = await call((stream) => answer(stream, { body, header: { "grpc-encoding": encoding } }));
    expect(value).toHaveLength(900);
  });

  it("that is compressed at will need not be", async () => {
    expect((await call((it) => answer(it, { header: { "grpc-encoding": "gzip" } }))).value).toBe("answer");
  });
});

const bomb = () => encodeEnvelope(1, gzipSync(bytesOf("x".repeat(MAX_BYTES))));
const BROKEN: [string, Code, RawHandler][] = [
  ["no message", Code.Unimplemented, (it) => answer(it, { body: Buffer.alloc(0) })],
  ["two messages", Code.Unimplemented, (it) => answer(it, { body: Buffer.concat([textFrame("a"), textFrame("b")]) })],
  ["half a message", Code.InvalidArgument, (it) => answer(it, { body: textFrame("abc").subarray(0, 7) })],
  ["no type's message", Code.Internal, (it) => answer(it, { body: encodeEnvelope(0, Buffer.from([0xff])) })],
  ["too long a message", Code.ResourceExhausted, (it) => answer(it, { body: textFrame("x".repeat(MAX_BYTES)) })],
  [
    "too long a message once it is decompressed",
    Code.ResourceExhausted,
    (it) => answer(it, { body: bomb(), header: { "grpc-encoding": "gzip" } }),
  ],
  [
    "damaged compression",
    Code.Internal,
    (it) => answer(it, { body: encodeEnvelope(1, Buffer.from("no gzip")), header: { "grpc-encoding": "gzip" } }),
  ],
  ["compression nobody named", Code.Internal, (it) => answer(it, { body: bomb() })],
  ["an unknown encoding", Code.Internal, (it) => answer(it, { header: { "grpc-encoding": "zstd" } })],
  ["no status", Code.Internal, (it) => answer(it, { trailer: { "x-end": "c" } })],
  ["a status that is none", Code.Internal, (it) => answer(it, { trailer: { "grpc-status": "seven" } })],
  ["a damaged message of its status", Code.Internal, (it) => answerStatus(it, 5, { "grpc-message": "%" })],
  ["damaged details", Code.Internal, (it) => answerStatus(it, 5, { "grpc-status-details-bin": "%%%" })],
  ["another content type", Code.Unknown, (it) => answer(it, { header: { "content-type": "text/html" } })],
  ["JSON", Code.Internal, (it) => answer(it, { header: { "content-type": "application/grpc+json" } })],
  ["OK without a message", Code.Unknown, (it) => answerStatus(it, 0)],
  ...[
    [400, Code.Internal],
    [401, Code.Unauthenticated],
    [403, Code.PermissionDenied],
    [404, Code.Unimplemented],
    [429, Code.Unavailable],
    [502, Code.Unavailable],
    [503, Code.Unavailable],
    [504, Code.Unavailable],
    [500, Code.Unknown],
  ].map(([status = 0, code = 0]): [string, Code, RawHandler] => [
    `HTTP ${status}`,
    code,
    (it) => {
      it.respond({ ":status": status, "content-type": "text/plain" });
      it.end("no");
    },
  ]),
  ...[
    [0x1, Code.Internal],
    [0x2, Code.Internal],
    [0x7, Code.Unavailable],
    [0x8, Code.Canceled],
    [0xb, Code.ResourceExhausted],
    [0xc, Code.PermissionDenied],
  ].map(([reset, code = 0]): [string, Code, RawHandler] => [`a reset with ${reset}`, code, (it) => it.close(reset)]),
];

describe("an answer that is not as it should be", () => {
  it.each(BROKEN)("%s", async (_, code, handler) => {
    expect(Code[(await failureOf(handler)).code]).toBe(Code[code]);
  });

  it.each(["trailer", "header"] as const)("has its status, text and metadata from the %s", async (place) => {
    const status = { "grpc-message": "caf%C3%A9", "x-why": "because" };
    const error = await failureOf((it) =>
      place === "header"
        ? answerStatus(it, 9, status)
        : answer(it, { body: Buffer.alloc(0), trailer: { ...status, "grpc-status": "9" } }),
    );
    expect([error.code, error.rawMessage]).toEqual([Code.FailedPrecondition, "café"]);
    expect(error.metadata.get("x-why")).toBe("because");
  });
});
