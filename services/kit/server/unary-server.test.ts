import { once } from "node:events";
import http2 from "node:http2";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { create, fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type StringValue, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
import { errorFromJsonBytes } from "@connectrpc/connect/protocol-connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { trailerParse } from "@connectrpc/connect/protocol-grpc-web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reasonOf } from "../testing/call.ts";
import type { Encoding } from "../wire/compression.ts";
import { COMPRESSED_FLAG, decodeEnvelopes, encodeEnvelope, TRAILER_FLAG } from "../wire/envelope.ts";
import { toHeaders } from "../wire/metadata.ts";
import { CONTENT_TYPES, formatOf } from "./format.ts";
import { type EchoServer, pathOf, startEcho } from "./testing/echo.ts";
import { SEND, type WireAnswer } from "./testing/send.ts";

let echo: EchoServer;
beforeAll(async () => {
  echo = await startEcho();
});
afterAll(async () => {
  expect(echo.errors).toEqual([]);
  await echo.close(0);
});

const COMPRESS = { gzip: gzipSync, br: brotliCompressSync };
const DECOMPRESS = { gzip: gunzipSync, br: brotliDecompressSync };
const codings: readonly (Encoding | undefined)[] = [undefined, "gzip", "br"];
type Version = keyof typeof SEND;
const versions = Object.keys(SEND) as Version[];

/** A call by its content type, as a client would make it. */
interface Way {
  readonly version: Version;
  readonly type: string;
  readonly coding?: Encoding | undefined;
}

/** What a call came to. */
interface End {
  readonly value?: string;
  readonly error?: ConnectError;
  readonly coding: string | undefined;
  readonly header: Headers;
  readonly trailer: Headers;
}

function parts(type: string) {
  const format = formatOf(type);
  if (format === undefined) throw new Error(`${type} is not known`);
  const isConnect = format.protocol === "connect";
  const encoding = isConnect ? "content-encoding" : "grpc-encoding";
  return { ...format, isConnect, encoding, accept: isConnect ? "accept-encoding" : "grpc-accept-encoding" };
}

function bytesOf(type: string, value: string): Buffer {
  const message = create(StringValueSchema, { value });
  if (parts(type).codec === "json") return Buffer.from(toJsonString(StringValueSchema, message));
  return Buffer.from(toBinary(StringValueSchema, message));
}

function bodyOf({ type, coding }: Way, value: string): Buffer {
  const data = bytesOf(type, value);
  const packed = coding === undefined ? data : COMPRESS[coding](data);
  const { isConnect, text } = parts(type);
  if (isConnect) return packed;
  const enveloped = encodeEnvelope(coding === undefined ? 0 : COMPRESSED_FLAG, packed);
  return text ? Buffer.from(enveloped.toString("base64")) : enveloped;
}

function readValue(type: string, data: Uint8Array, coding: string | undefined): string {
  const plain = coding === undefined ? data : DECOMPRESS[coding as Encoding](data);
  const message: StringValue =
    parts(type).codec === "json"
      ? fromJsonString(StringValueSchema, Buffer.from(plain).toString())
      : fromBinary(StringValueSchema, plain);
  return message.value;
}

function endOfConnect(type: string, { status, header, body }: WireAnswer): End {
  const fields = toHeaders(header);
  const own = [...fields].filter(([name]) => !name.startsWith("trailer-"));
  const trailer = [...fields].filter(([name]) => name.startsWith("trailer-"));
  const common = {
    coding: header["content-encoding"],
    header: new Headers(own),
    trailer: new Headers(trailer.map(([name, value]) => [name.slice("trailer-".length), value])),
  };
  if (status === 200) return { ...common, value: readValue(type, body, common.coding) };
  return { ...common, error: errorFromJsonBytes(body, undefined, new ConnectError("unreadable", Code.Unknown)) };
}

function endOfGrpc(type: string, { header, body, trailer }: WireAnswer): End {
  const { protocol, text } = parts(type);
  const coding = header["grpc-encoding"] as string | undefined;
  const envelopes = decodeEnvelopes(text ? Buffer.from(body.toString(), "base64") : body) ?? [];
  const [message] = envelopes.filter((it) => it.flags <= COMPRESSED_FLAG);
  const [last] = envelopes.filter((it) => it.flags === TRAILER_FLAG);
  const atOnce = header["grpc-status"] !== undefined;
  const http = toHeaders(atOnce ? header : trailer);
  const fields = atOnce || protocol === "grpc" ? http : trailerParse(last?.data ?? new Uint8Array());
  const error = findTrailerError(fields);
  const common = { coding, header: toHeaders(header), trailer: fields, ...(error && { error }) };
  if (message === undefined) return common;
  const isCompressed = (message.flags & COMPRESSED_FLAG) !== 0;
  return { ...common, value: readValue(type, message.data, isCompressed ? coding : undefined) };
}

async function call(
  way: Way,
  value: string,
  more: { rpc?: string; header?: Record<string, string>; trailer?: Record<string, string>; body?: Buffer } = {},
): Promise<End> {
  const { isConnect, encoding } = parts(way.type);
  const answer = await SEND[way.version](echo.port, {
    path: pathOf(more.rpc ?? "Say"),
    header: {
      "content-type": way.type,
      ...(way.coding && { [encoding]: way.coding }),
      ...more.header,
    },
    body: [more.body ?? bodyOf(way, value)],
    ...(more.trailer && { trailer: more.trailer }),
  });
  expect(answer.header["content-type"]).toBe(isConnect && answer.status !== 200 ? "application/json" : way.type);
  return isConnect ? endOfConnect(way.type, answer) : endOfGrpc(way.type, answer);
}

const ways: readonly Way[] = versions.flatMap((version) => CONTENT_TYPES.map((type) => ({ version, type })));
const named = (it: readonly Way[]) => it.map((way) => [way.version, way.type, way] as const);
// One of each protocol.
const some = ways.filter((it) => /^application\/(grpc|grpc-web-text|proto)$/.test(it.type));
const long = "Grüße, 字. ".repeat(500);

describe("unary calls", () => {
  it.each(named(ways))("by %s as %s are answered in the same way", async (_, __, way) => {
    expect(await call(way, "hello ñ")).toMatchObject({ value: "hello ñ", coding: undefined });
    expect((await call(way, "")).value).toBe("");
  });

  it.each(named(ways))("by %s as %s are refused in the same way", async (_, __, way) => {
    const { error, value } = await call(way, "hello", { rpc: "Internal" });
    expect([error?.code, reasonOf(error), value]).toEqual([Code.PermissionDenied, "CALLER_NOT_ALLOWED", undefined]);
  });

  const grpcs = ways.filter((it) => parts(it.type).protocol !== "connect");
  it.each(named(grpcs))("by %s as %s are refused in the header, where proxies see it", async (_, __, way) => {
    const { header } = await call(way, "hello", { rpc: "Internal" });
    expect(Number(header.get("grpc-status"))).toBe(Code.PermissionDenied);
  });

  it.each(named(ways))("by %s as %s may be compressed both ways", async (_, __, way) => {
    const { accept, protocol } = parts(way.type);
    for (const coding of codings) {
      for (const accepted of codings) {
        const end = await call({ ...way, coding }, long, { header: { [accept]: accepted ?? "identity" } });
        // Within the mesh, only who compresses wants it.
        const isWanted = protocol !== "grpc" || coding !== undefined;
        expect([end.value, end.coding]).toEqual([long, isWanted ? accepted : undefined]);
      }
    }
  });

  it.each(named(some))("by %s as %s carry metadata, binary as well, both ways", async (_, __, way) => {
    const bytes = new Uint8Array([0, 255, 128, 10, 13, 44]);
    const binary = encodeBinaryHeader(bytes);
    const { header, trailer } = await call(way, "hello", {
      header: { "x-a-bin": binary, "x-b": "plain", "t-a-bin": binary },
    });
    expect([...decodeBinaryHeader(header.get("x-a-bin") ?? "")]).toEqual([...bytes]);
    expect(header.get("x-b")).toBe("plain");
    expect([...decodeBinaryHeader(trailer.get("t-a-bin") ?? "")]).toEqual([...bytes]);
  });

  it.each(named(some))("by %s as %s may have trailers, which nobody asks for", async (_, __, way) => {
    expect((await call(way, "hello", { trailer: { "x-checksum": "1" } })).value).toBe("hello");
  });
});

describe("requests that are not as they should be", () => {
  const timeouts = {
    connect: ["", "soon", "-1", "1.5", "12345678901"],
    grpc: ["", "1", "1x", "-1S", "123456789S", "S"],
  };
  it.each(named(some))("by %s as %s: a timeout that is none", async (_, __, way) => {
    const { isConnect } = parts(way.type);
    for (const timeout of isConnect ? timeouts.connect : timeouts.grpc) {
      const { error } = await call(way, "hello", {
        header: { [isConnect ? "connect-timeout-ms" : "grpc-timeout"]: timeout },
      });
      expect([timeout, reasonOf(error)]).toEqual([timeout, "INVALID_INPUT"]);
    }
  });

  it.each(named(some))("by %s as %s: a time that is over", async (_, __, way) => {
    const header = parts(way.type).isConnect ? { "connect-timeout-ms": "20" } : { "grpc-timeout": "20m" };
    expect(reasonOf((await call(way, "wait", { header })).error)).toBe("DEADLINE_EXCEEDED");
  });

  it.each(named(some))("by %s as %s: an unknown way to compress", async (_, __, way) => {
    const { error } = await call(way, "hello", { header: { [parts(way.type).encoding]: "zip" } });
    expect([error?.code, reasonOf(error)]).toEqual([Code.Unimplemented, "ENCODING_UNKNOWN"]);
  });

  it.each(named(some))("by %s as %s: damaged compressed data", async (_, __, way) => {
    const { isConnect, text, encoding } = parts(way.type);
    const damaged = isConnect ? Buffer.from("damaged") : encodeEnvelope(COMPRESSED_FLAG, Buffer.from("damaged"));
    const body = text ? Buffer.from(damaged.toString("base64")) : damaged;
    expect(reasonOf((await call(way, "", { header: { [encoding]: "gzip" }, body })).error)).toBe("INVALID_INPUT");
  });

  it.each(named(ways.filter((it) => !parts(it.type).isConnect)))(
    "by %s as %s: other than one message",
    async (_, __, way) => {
      const one = encodeEnvelope(0, bytesOf(way.type, "hello"));
      const body = (bytes: Buffer) => (parts(way.type).text ? Buffer.from(bytes.toString("base64")) : bytes);
      const reason = async (bytes: Buffer) => reasonOf((await call(way, "", { body: body(bytes) })).error);
      expect(await reason(Buffer.alloc(0))).toBe("WRONG_CARDINALITY");
      expect(await reason(Buffer.concat([one, one]))).toBe("WRONG_CARDINALITY");
      for (const length of [1, 4, 5, one.length - 1])
        expect(await reason(one.subarray(0, length))).toBe("INVALID_INPUT");
    },
  );

  it.each(versions)("by %s: verbs and content types that are not served", async (version) => {
    const send = SEND[version];
    const path = pathOf("Say");
    expect(await send(echo.port, { method: "GET", path })).toMatchObject({ status: 405, header: { allow: "POST" } });
    const put = await send(echo.port, { method: "PUT", path: pathOf("Look") });
    expect(put).toMatchObject({ status: 405, header: { allow: "GET, POST" } });
    for (const type of ["text/plain", "application/grpc+xml", ""]) {
      const answer = await send(echo.port, { path, header: { "content-type": type }, body: [Buffer.from("x")] });
      expect([type, answer.status]).toEqual([type, 415]);
    }
  });
});

describe("a client that asks by HTTP/2 whether it may send its message", () => {
  it.each([
    ["Say", ["told to go on", "200"]],
    ["Internal", ["403"]],
  ])("of %s is %j", async (rpc, expected) => {
    const session = http2.connect(`http://127.0.0.1:${echo.port}`);
    const header = {
      ":method": "POST",
      ":path": pathOf(rpc),
      "content-type": "application/json",
      expect: "100-continue",
    };
    const stream = session.request(header).resume();
    const seen: string[] = [];
    stream.on("continue", () => {
      seen.push("told to go on");
      stream.end('"hello"');
    });
    const [fields] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    expect([...seen, `${fields[":status"]}`]).toEqual(expected);
    session.destroy();
  });
});

describe("answers that cannot be sent", () => {
  it.each(["application/grpc", "application/proto"])("by HTTP/1.1 as %s: end their call as INTERNAL", async (type) => {
    const { error, trailer } = await call({ version: "HTTP/1.1", type }, "unsendable");
    expect([error?.code, reasonOf(error)]).toEqual([Code.Internal, "INTERNAL"]);
    expect(trailer.has("x-bad")).toBe(false);
  });
});

describe("gRPC-Web as text", () => {
  it.each(versions)("by %s may come in pieces with a padding each", async (version) => {
    const bytes = encodeEnvelope(0, bytesOf("application/grpc-web-text", "hello"));
    const body = Buffer.from(
      [bytes.subarray(0, 1), bytes.subarray(1, 6), bytes.subarray(6)].map((it) => it.toString("base64")).join(""),
    );
    expect((await call({ version, type: "application/grpc-web-text" }, "", { body })).value).toBe("hello");
  });
});

describe("calls by GET of what has no side effects", () => {
  const get = (version: Version, query: Record<string, string>, rpc = "Look") =>
    SEND[version](echo.port, { method: "GET", path: `${pathOf(rpc)}?${new URLSearchParams(query)}` });

  it.each(versions)("by %s are answered, however the message is written", async (version) => {
    for (const [codec, type] of [
      ["json", "application/json"],
      ["proto", "application/proto"],
    ] as const) {
      for (const compression of codings) {
        const data = bytesOf(type, "hello ñ");
        const message = compression === undefined ? data : COMPRESS[compression](data);
        const query = { connect: "v1", encoding: codec, base64: "1", message: message.toString("base64url") };
        const answer = await get(version, { ...query, ...(compression && { compression }) });
        expect(answer.header).toMatchObject({ "content-type": type, vary: "accept-encoding" });
        expect(endOfConnect(type, answer).value).toBe("hello ñ");
      }
    }
    const plain = await get(version, { encoding: "json", message: '"plain"' });
    expect(plain.body.toString()).toBe('"plain"');
  });

  it.each(versions)("by %s are refused when they make no sense", async (version) => {
    expect((await get(version, { encoding: "json", message: '"x"' }, "Say")).status).toBe(405);
    expect((await get(version, { encoding: "xml", message: "x" })).status).toBe(415);
    expect((await get(version, { message: '"x"' })).status).toBe(415);
    for (const query of [{ message: "{" }, { message: "!!", base64: "1" }, { message: "x", compression: "gzip" }]) {
      const answer = await get(version, { encoding: "json", ...query });
      expect(reasonOf(endOfConnect("application/json", answer).error)).toBe("INVALID_INPUT");
    }
    const unknown = await get(version, { encoding: "json", message: '"x"', compression: "zip" });
    expect(reasonOf(endOfConnect("application/json", unknown).error)).toBe("ENCODING_UNKNOWN");
  });
});
