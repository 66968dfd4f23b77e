import { create, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { encodeEnvelope } from "../wire/envelope.ts";
import { type EchoServer, pathOf, startEcho } from "./testing/echo.ts";
import { Flag, Frame, frame, framesIn, PREFACE, requestBlock } from "./testing/raw-http2.ts";
import { connectRaw } from "./testing/raw-socket.ts";

let echo: EchoServer;
beforeAll(async () => {
  echo = await startEcho();
});
afterAll(() => echo.close(0));

const VALUE = "hello ñ, 字";
const binary = Buffer.from(toBinary(StringValueSchema, create(StringValueSchema, { value: VALUE })));
const enveloped = encodeEnvelope(0, binary);
const bodies = {
  "application/grpc": enveloped,
  "application/grpc-web+proto": enveloped,
  "application/grpc-web-text": Buffer.from(enveloped.toString("base64")),
  "application/proto": binary,
  "application/json": Buffer.from(JSON.stringify(VALUE)),
};
type Type = keyof typeof bodies;

/** Bytes in pieces of random sizes. */
function piecesOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...new Set(cuts.map((it) => it % (bytes.length + 1)).sort((a, b) => a - b)), bytes.length];
  return at.slice(0, -1).map((from, index) => bytes.subarray(from, at[index + 1]));
}

/** A whole connection's bytes, with the body in these chunks, or DATA frames. */
function byHttp1(type: Type, body: readonly Buffer[], chunked: boolean): Buffer {
  const all = Buffer.concat(body);
  const length = chunked ? "transfer-encoding: chunked" : `content-length: ${all.length}`;
  const head = `POST ${pathOf("Say")} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: ${type}\r\n${length}\r\n\r\n`;
  const chunks = body
    .filter((it) => it.length > 0)
    .flatMap((it) => [Buffer.from(`${it.length.toString(16)}\r\n`), it, Buffer.from("\r\n")]);
  return Buffer.concat([Buffer.from(head), ...(chunked ? [...chunks, Buffer.from("0\r\n\r\n")] : [all])]);
}
function byHttp2(type: Type, body: readonly Buffer[], splitHeader: boolean): Buffer {
  const block = requestBlock(pathOf("Say"), { "content-type": type });
  const headers = splitHeader
    ? [
        frame(Frame.HEADERS, 0, 1, block.subarray(0, 20)),
        frame(Frame.CONTINUATION, Flag.END_HEADERS, 1, block.subarray(20)),
      ]
    : [frame(Frame.HEADERS, Flag.END_HEADERS, 1, block)];
  const data = body.map((it, index) => frame(Frame.DATA, index === body.length - 1 ? Flag.END_STREAM : 0, 1, it));
  return Buffer.concat([PREFACE, frame(Frame.SETTINGS, 0, 0), ...headers, ...data]);
}

/** The body of what was heard, without chunks or frames; undefined as long as it is not whole. */
function answerOf(version: string, heard: Buffer): Buffer | undefined {
  if (version === "HTTP/1.1") {
    const start = heard.indexOf("\r\n\r\n");
    if (start < 0) return undefined;
    const body = heard.subarray(start + 4);
    const head = heard.toString("latin1", 0, start);
    expect(head).toMatch(/^HTTP\/1.1 200/);
    const length = /content-length: (\d+)/i.exec(head)?.[1];
    if (length !== undefined) return body.length === Number(length) ? body : undefined;
    if (!body.includes("grpc-status: 0")) return undefined;
    const size = Number.parseInt(body.toString("latin1"), 16);
    const from = body.indexOf("\r\n") + 2;
    return body.subarray(from, from + size);
  }
  const frames = framesIn(heard).filter((it) => it.streamId === 1 && it.type <= Frame.HEADERS);
  if (!frames.some((it) => (it.flags & Flag.END_STREAM) !== 0)) return undefined;
  return Buffer.concat(frames.filter((it) => it.type === Frame.DATA).map((it) => it.payload));
}

function isEcho(type: Type, answer: Buffer | undefined): boolean {
  if (answer === undefined) return false;
  // Trailers follow on the message in gRPC-Web.
  if (type !== "application/grpc-web-text") return answer.indexOf(bodies[type]) === 0;
  return Buffer.from(answer.toString(), "base64").indexOf(enveloped) === 0;
}

const versions = { "HTTP/1.1": byHttp1, "HTTP/2": byHttp2 };
type Version = keyof typeof versions;
const cuts = fc.array(fc.nat({ max: 1_000 }), { maxLength: 5 });
const ways = (Object.keys(versions) as Version[]).flatMap((version) =>
  (Object.keys(bodies) as Type[]).map((type) => [version, type] as const),
);

describe("a call is the same however its bytes are cut", () => {
  it.each(ways)("by %s as %s", async (version, type) => {
    await fc.assert(
      fc.asyncProperty(cuts, cuts, fc.boolean(), async (ofBody, ofAll, inParts) => {
        const bytes = versions[version](type, piecesOf(bodies[type], ofBody), inParts);
        const { socket, heard, writePieces } = await connectRaw(echo.port);
        await writePieces(
          bytes,
          ofAll.map((it) => it % bytes.length),
        );
        await eventually(() => expect(isEcho(type, answerOf(version, heard()))).toBe(true));
        socket.destroy();
      }),
      { numRuns: 8 },
    );
  });

  it.each(ways)("and one that breaks off is not answered as a whole one: by %s as %s", async (version, type) => {
    const { begun } = echo.calls;
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.boolean(), async (at, inParts) => {
        const bytes = versions[version](type, [bodies[type]], inParts);
        const { socket, whenClosed } = await connectRaw(echo.port);
        socket.end(bytes.subarray(0, at % bytes.length));
        await whenClosed;
      }),
      { numRuns: 8 },
    );
    expect(echo.calls.begun).toBe(begun);
    expect(echo.errors).toEqual([]);
  });
});
