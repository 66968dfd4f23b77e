import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { type EchoServer, isWell, pathOf, startEcho } from "./testing/echo.ts";
import {
  Flag,
  Frame,
  frame,
  H2Error,
  headerBlock,
  PREFACE,
  requestBlock,
  settings,
  uint32,
} from "./testing/raw-http2.ts";
import { connectRaw } from "./testing/raw-socket.ts";

let echo: EchoServer;
const unhandled: unknown[] = [];
const onUnhandled = (error: unknown) => void unhandled.push(error);
beforeAll(async () => {
  process.on("uncaughtException", onUnhandled).on("unhandledRejection", onUnhandled);
  echo = await startEcho();
});
afterAll(async () => {
  await echo.close(0);
  process.off("uncaughtException", onUnhandled).off("unhandledRejection", onUnhandled);
});
const noise = [vi.spyOn(console, "error"), vi.spyOn(console, "warn"), vi.spyOn(process, "emitWarning")];
afterEach(() => {
  expect(noise.flatMap((it) => it.mock.calls)).toEqual([]);
  expect([unhandled, echo.errors]).toEqual([[], []]);
});

const rpc = fc.constantFrom("Say", "Look", "Hurry", "Internal", "Watch", "Nothing");
const type = fc.constantFrom(
  "application/grpc",
  "application/json",
  "application/connect+json",
  "application/grpc-web-text",
  "text/plain",
);
const extra = fc.constantFrom<Record<string, string>>(
  {},
  { "grpc-timeout": "1m" },
  { "content-encoding": "gzip" },
  { "content-length": "3" },
  { "content-length": "-1" },
  { expect: "100-continue" },
  { ":status": "200" },
  { connection: "close" },
  { te: "x" },
);
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.constantFrom(
    Buffer.from('"hello"'),
    Buffer.from([0, 0, 0, 0, 0]),
    Buffer.from([0, 0, 0, 0, 7, 34, 113, 117, 105, 101, 116, 34]),
    uint32(0),
    uint32(8),
    uint32(2 ** 31 - 1),
    settings({ 4: 0 }),
    settings({ 1: 2 ** 32 - 1, 5: 1 }),
  ),
);
const streamId = fc.oneof(fc.constantFrom(0, 1, 3, 5, 7, 2), fc.nat({ max: 2 ** 31 - 1 }));

const request = fc
  .record({ rpc, type, extra })
  .map((it) => requestBlock(pathOf(it.rpc), { "content-type": it.type, ...it.extra }));
const anyFrame = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(1, 3, 5, 7, 9), fc.constantFrom(0, 1, 4, 5), request)
      .map(([id, flags, block]) => frame(Frame.HEADERS, flags, id, block)),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(1, 3, 5, 7), fc.nat({ max: 1 }), payload)
      .map(([id, flags, bytes]) => frame(Frame.DATA, flags, id, bytes)),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 255 }), streamId, payload).map((it) => frame(...it)),
  },
  {
    weight: 1,
    arbitrary: fc
      .array(
        fc.tuple(fc.string({ unit: "binary-ascii", maxLength: 8 }), fc.string({ unit: "binary-ascii", maxLength: 8 })),
        { maxLength: 4 },
      )
      .map((it) => frame(Frame.HEADERS, 5, 1, headerBlock(it))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((it) => Buffer.from(it)) },
);
const http2 = fc
  .array(anyFrame, { maxLength: 12 })
  .map((it) => Buffer.concat([PREFACE, frame(Frame.SETTINGS, 0, 0), ...it]));

const line = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("POST", "GET", "PUT", "OPTIONS", "CONNECT", "HEAD", "get", "PRI"),
      rpc,
      fc.constantFrom("HTTP/1.1", "HTTP/1.0", "HTTP/2.0", ""),
    )
    .map(([verb, to, version]) => `${verb} ${pathOf(to)} ${version}`),
  fc.constantFrom(
    "POST * HTTP/1.1",
    "GET http://[ HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "CONNECT shop:1 HTTP/1.1",
    "POST /?x=%zz HTTP/1.1",
    "GET / HTTP/1.1\r\nupgrade: h2c\r\nconnection: upgrade",
  ),
);
const field = fc.oneof(
  type.map((it) => `content-type: ${it}`),
  fc.constantFrom(
    "host: shop",
    "host: [",
    "content-length: 7",
    "content-length: 99",
    "content-length: x",
    "transfer-encoding: chunked",
    "transfer-encoding: gzip",
    "connection: close",
    "expect: 100-continue",
    "expect: much",
    "te: trailers",
    "x",
    ": y",
    "grpc-timeout: 1m",
  ),
  fc.string({ maxLength: 20 }),
);
const tail = fc.oneof(
  fc.constantFrom('"hello"', '7\r\n"hello"\r\n0\r\n\r\n', "\0\0\0\0\0", "zz\r\n", ""),
  fc.string({ unit: "binary-ascii", maxLength: 30 }),
);
const http1 = fc
  .array(fc.tuple(line, fc.array(field, { maxLength: 5 }), tail), { minLength: 1, maxLength: 3 })
  .map((it) =>
    Buffer.from(
      it.map(([first, fields, body]) => `${[first, "host: a", ...fields].join("\r\n")}\r\n\r\n${body}`).join(""),
      "latin1",
    ),
  );

const ending = fc.constantFrom("stays", "ends", "resets", "does not read");
const client = fc.record({
  bytes: fc.oneof(
    http2,
    http1,
    fc.uint8Array({ maxLength: 60 }).map((it) => Buffer.from(it)),
  ),
  cuts: fc.array(fc.nat({ max: 600 }), { maxLength: 3 }),
  ending,
});

describe("whatever clients send, at whatever cuts, and however they go", () => {
  it("nothing breaks, nobody hears of it, and the next call is answered", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(client, { minLength: 1, maxLength: 5 }), async (clients) => {
        const sockets = await Promise.all(
          clients.map(async ({ bytes, cuts, ending }) => {
            const { socket, writePieces } = await connectRaw(echo.port);
            if (ending === "does not read") socket.pause();
            await writePieces(
              bytes,
              cuts.map((it) => it % (bytes.length + 1)),
            );
            if (ending === "ends") socket.end();
            if (ending === "resets") socket.resetAndDestroy();
            return socket;
          }),
        );
        expect(await isWell(echo.port)).toBe(true);
        for (const it of sockets) it.destroy();
        expect([unhandled, echo.errors]).toEqual([[], []]);
      }),
      { numRuns: 150 },
    );
    await eventually(() => expect(echo.calls.running).toBe(0));
  });

  it.each(["/plain", pathOf("Say"), pathOf("Watch")])(
    "calls of %s that are reset before their turn are none",
    async (path) => {
      const { begun } = echo.calls;
      const { socket } = await connectRaw(echo.port);
      const block = requestBlock(path, { "content-type": "application/grpc", expect: "100-continue" });
      const calls = Array.from({ length: 50 }, (_, it) => [
        frame(Frame.HEADERS, Flag.END_HEADERS, 1 + 2 * it, block),
        frame(Frame.RST_STREAM, 0, 1 + 2 * it, uint32(H2Error.CANCEL)),
      ]);
      socket.write(Buffer.concat([PREFACE, frame(Frame.SETTINGS, 0, 0), ...calls.flat()]));
      expect(await isWell(echo.port)).toBe(true);
      expect(echo.calls.begun).toBe(begun + 1);
      socket.destroy();
    },
  );
});
