import http from "node:http";
import http2 from "node:http2";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { ECHO_MAX_BYTES } from "../testing/contract.ts";
import { eventually } from "../testing/eventually.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { type EchoServer, isWell, pathOf, startEcho } from "./testing/echo.ts";
import {
  connectRawHttp2,
  Flag,
  Frame,
  frame,
  H2Error,
  INITIAL_WINDOW_SIZE,
  requestBlock,
  uint32,
} from "./testing/raw-http2.ts";
import { connectRaw } from "./testing/raw-socket.ts";

let echo: EchoServer;
const ends: (() => void)[] = [];
async function start(limits?: Partial<Limits>): Promise<void> {
  echo = await startEcho(limits);
}
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await echo.close(0);
});

const JSON_TYPE = { "content-type": "application/json" };
const GRPC_TYPE = { "content-type": "application/grpc" };

async function raw() {
  const it = await connectRaw(echo.port);
  ends.push(() => it.socket.destroy());
  return it;
}
async function rawHttp2(first?: Readonly<Record<number, number>>) {
  const it = await connectRawHttp2(echo.port, first);
  ends.push(() => it.socket.destroy());
  return it;
}
function session() {
  // A client of node's gives up streams when it has much to send itself.
  const it = http2.connect(`http://127.0.0.1:${echo.port}`, { maxSessionMemory: 1_000 }).on("error", () => {});
  ends.push(() => it.destroy());
  return it;
}

interface Sent {
  readonly rpc?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Declared, whatever comes. */
  readonly length?: number | undefined;
  /** Whether the body comes to its end. */
  readonly ends?: boolean;
}
interface Got {
  readonly status: number;
  readonly text: string;
}

function byHttp1({ rpc = "Say", header, body, length, ends: isWhole = true }: Sent, agent?: http.Agent): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = http.request({
      ...(agent && { agent }),
      port: echo.port,
      method: "POST",
      path: pathOf(rpc),
      headers: { ...JSON_TYPE, ...header, ...(length === undefined ? {} : { "content-length": length }) },
    });
    ends.push(() => request.destroy());
    request.on("error", reject);
    request.on("response", async (response) => {
      response.setEncoding("utf8");
      let text = "";
      for await (const chunk of response) text += chunk as string;
      resolve({ status: response.statusCode ?? 0, text });
    });
    if (isWhole) request.end(body);
    else request.write(body);
  });
}

function byHttp2({ rpc = "Say", header, body, length, ends: isWhole = true }: Sent, client = session()): Promise<Got> {
  return new Promise((resolve, reject) => {
    const stream = client.request({
      ":method": "POST",
      ":path": pathOf(rpc),
      ...JSON_TYPE,
      ...header,
      ...(length === undefined ? {} : { "content-length": length }),
    });
    let status = 0;
    let text = "";
    stream.setEncoding("utf8");
    stream.on("response", (it) => {
      status = it[":status"] ?? 0;
    });
    stream.on("data", (it: string) => {
      text += it;
    });
    stream.on("end", () => resolve({ status, text }));
    stream.on("error", reject);
    if (isWhole) stream.end(body);
    else stream.write(body);
  });
}

const ways = { "HTTP/1.1": byHttp1, "HTTP/2": byHttp2 };
const versions = Object.keys(ways) as (keyof typeof ways)[];
const text = (bytes: number) => Buffer.from(`"${"x".repeat(bytes - 2)}"`);

describe("a message that is too large", () => {
  const gzip = { "content-encoding": "gzip" };
  const cases: [string, Sent][] = [
    ["of declared length, before it is sent", { body: Buffer.from('"'), length: ECHO_MAX_BYTES + 1_000, ends: false }],
    ["of no declared length", { body: text(ECHO_MAX_BYTES + 1_000) }],
    ["of no declared length and no end", { body: text(ECHO_MAX_BYTES + 1_000), ends: false }],
    ["when it is decompressed", { body: gzipSync(text(100 * ECHO_MAX_BYTES)), header: gzip }],
  ];
  it.each(versions.flatMap((version) => cases.map(([what, sent]) => [version, what, sent] as const)))(
    "by %s is refused, and nobody works on it: %s",
    async (version, _, sent) => {
      await start();
      const got = await ways[version](sent);
      expect(got.text).toContain("MESSAGE_TOO_LARGE");
      expect(echo.calls.begun).toBe(0);
      expect(await isWell(echo.port)).toBe(true);
    },
  );

  it.each(versions)("by %s may be as large as the limit", async (version) => {
    await start();
    expect((await ways[version]({ body: text(ECHO_MAX_BYTES) })).status).toBe(200);
  });
});

describe("a header that is too large", () => {
  const fields = (count: number, bytes: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, it) => [`x-${it}`, "y".repeat(bytes)]));
  const large = Math.ceil(LIMITS.headerMaxBytes / 4);

  it.each([
    ["in bytes", fields(5, large)],
    ["in number", fields(LIMITS.headerMaxCount, 1)],
  ])("%s is answered with 431 by HTTP/1.1", async (_, header) => {
    await start();
    expect((await byHttp1({ header, body: Buffer.from('""') })).status).toBe(431);
    expect(echo.calls.begun).toBe(0);
  });

  it("in bytes is answered with 431 by HTTP/2, and the connection lives", async () => {
    await start();
    const client = session();
    expect((await byHttp2({ header: fields(5, large), body: Buffer.from('""') }, client)).status).toBe(431);
    expect(echo.calls.begun).toBe(0);
    expect((await byHttp2({ body: Buffer.from('""') }, client)).status).toBe(200);
  });

  it("in bytes, but not on the wire, as well", async () => {
    await start();
    const bomb = await rawHttp2();
    const field = Buffer.from([0x40, 1, 0x78, 0x7f, 0x80 + ((3_900 - 127) % 128), Math.floor((3_900 - 127) / 128)]);
    // What is at 62 has just been put into HPACK's table, and takes a byte from then on.
    const block = Buffer.concat([
      requestBlock(pathOf("Say"), JSON_TYPE),
      field,
      Buffer.alloc(3_900, "y"),
      Buffer.alloc(100, 0x80 + 62),
    ]);
    bomb.send(frame(Frame.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1, block));
    await eventually(() => expect(bomb.frames().some((it) => it.streamId === 1)).toBe(true));
    expect(echo.calls.begun).toBe(0);
    expect(bomb.closed()).toBe(false);
  });

  it("in number resets the stream by HTTP/2, and the connection lives", async () => {
    await start();
    const client = session();
    const refused = byHttp2({ header: fields(LIMITS.headerMaxCount, 1), body: Buffer.from('""') }, client);
    await expect(refused).rejects.toThrow("NGHTTP2_ENHANCE_YOUR_CALM");
    expect((await byHttp2({ body: Buffer.from('""') }, client)).status).toBe(200);
  });
});

describe("too many at once", () => {
  const open = (index: number) =>
    frame(Frame.HEADERS, Flag.END_HEADERS, 1 + 2 * index, requestBlock(pathOf("Say"), GRPC_TYPE));

  it("calls are refused to who could not know, and the others go on", async () => {
    await start({ streamsPerConnectionMax: 4 });
    const client = await rawHttp2();
    client.send(...Array.from({ length: 10 }, (_, it) => open(it)));
    const resets = () => client.frames().filter((it) => it.type === Frame.RST_STREAM);
    await eventually(() => expect(resets()).toHaveLength(6));
    expect(resets().map((it) => it.payload.readUInt32BE(0))).toEqual(Array(6).fill(H2Error.REFUSED_STREAM));
    client.send(frame(Frame.DATA, Flag.END_STREAM, 1, Buffer.alloc(5)));
    await eventually(() => expect(client.ended(1)).toBe(true));
  });

  it("calls of who did know cost the connection", async () => {
    await start({ streamsPerConnectionMax: 4 });
    const client = await rawHttp2();
    client.send(frame(Frame.SETTINGS, Flag.ACK, 0));
    client.send(...Array.from({ length: 5 }, (_, it) => open(it)));
    await eventually(() => expect(client.closed()).toBe(true));
    expect(client.goaway()).toBe(H2Error.PROTOCOL_ERROR);
    expect(await isWell(echo.port)).toBe(true);
  });

  it("calls wait with clients who keep to what they are told", async () => {
    await start({ streamsPerConnectionMax: 4 });
    const client = session();
    await new Promise((resolve) => client.once("remoteSettings", resolve));
    const calls = Array.from({ length: 20 }, () => byHttp2({ body: Buffer.from('""') }, client));
    expect((await Promise.all(calls)).map((it) => it.status)).toEqual(Array(20).fill(200));
  });

  it("connections are closed at once, which is said once", async () => {
    await start({ connectionsMax: 2 });
    const [first, second] = [await raw(), await raw()];
    const [third, fourth] = [await raw(), await raw()];
    await eventually(() => expect([third.closed(), fourth.closed()]).toEqual([true, true]));
    expect([first.closed(), second.closed()]).toEqual([false, false]);
    expect(echo.errors).toEqual([new Error("1 connections refused so far: there are 2 already")]);
    first.socket.destroy();
    await eventually(async () => expect(await isWell(echo.port)).toBe(true));
  });

  it("requests one behind the other close their connection", async () => {
    await start();
    const post = `POST ${pathOf("Say")} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 6\r\n\r\n"wait"`;
    const some = await raw();
    some.socket.write(post.repeat(LIMITS.pipelinedMax));
    await eventually(() => expect(echo.calls.running).toBe(LIMITS.pipelinedMax));
    const many = await raw();
    many.socket.write(post.repeat(10 * LIMITS.pipelinedMax));
    await eventually(() => expect(many.closed()).toBe(true));
    await eventually(() => expect(echo.calls.running).toBe(LIMITS.pipelinedMax));
    echo.release();
    await eventually(() =>
      expect(
        some
          .heard()
          .toString()
          .match(/200 OK/g),
      ).toHaveLength(LIMITS.pipelinedMax),
    );
  });
});

describe("memory", () => {
  const BIG = 400_000;
  const call = (index: number, value: string) =>
    Buffer.concat([
      frame(Frame.HEADERS, Flag.END_HEADERS, 1 + 2 * index, requestBlock(pathOf("Say"), GRPC_TYPE)),
      frame(Frame.DATA, Flag.END_STREAM, 1 + 2 * index, grpcMessage(value)),
    ]);
  function grpcMessage(value: string): Buffer {
    return Buffer.concat([
      Buffer.from([0]),
      uint32(value.length + 2),
      Buffer.from([10, value.length]),
      Buffer.from(value),
    ]);
  }

  it("is not filled by the answers that a client leaves unread", async () => {
    await start({ heldPerConnectionMaxBytes: 2.5 * BIG });
    const client = await rawHttp2({ [INITIAL_WINDOW_SIZE]: 0 });
    client.send(...Array.from({ length: 5 }, (_, it) => call(it, `big:${BIG}`)));
    // An error has no body that would have to wait.
    const refused = () => Array.from({ length: 8 }, (_, it) => client.ended(1 + 2 * it)).filter((it) => it).length;
    await eventually(() => expect(refused()).toBe(3));
    // Those that are given up, or taken in, make room.
    client.send(
      frame(Frame.RST_STREAM, 0, 1, uint32(H2Error.CANCEL)),
      frame(Frame.RST_STREAM, 0, 3, uint32(H2Error.CANCEL)),
    );
    client.send(call(5, `big:${BIG}`), call(6, `big:${BIG}`), call(7, `big:${BIG}`));
    await eventually(() => expect(refused()).toBe(4));
    expect(client.closed()).toBe(false);
  });

  it("is not filled by many clients: the one for whom most is held is cut off", async () => {
    await start({ heldMaxBytes: 3.5 * BIG });
    const [small, large] = [await rawHttp2({ [INITIAL_WINDOW_SIZE]: 0 }), await rawHttp2({ [INITIAL_WINDOW_SIZE]: 0 })];
    small.send(call(0, `big:${BIG}`));
    await eventually(() => expect(echo.calls.begun).toBe(1));
    large.send(...Array.from({ length: 3 }, (_, it) => call(it, `big:${BIG}`)));
    await eventually(() => expect(large.closed()).toBe(true));
    expect(large.goaway()).toBe(H2Error.ENHANCE_YOUR_CALM);
    expect(small.closed()).toBe(false);
    expect(await isWell(echo.port)).toBe(true);
  });

  it("is not filled by requests whose ends never come", async () => {
    await start({ heldPerConnectionMaxBytes: 300_000 });
    const client = session();
    const begin = (): http2.ClientHttp2Stream => {
      const stream = client.request({ ":method": "POST", ":path": pathOf("Say"), ...GRPC_TYPE });
      stream.on("error", () => {});
      stream.write(Buffer.alloc(200_000));
      return stream;
    };
    const streams = Array.from({ length: 6 }, begin);
    // Each may hold as much as is not worth an account besides.
    await eventually(() => expect(streams.filter((it) => it.closed)).toHaveLength(4));
    for (const it of streams) it.close();
    expect((await byHttp2({ body: Buffer.from('""') }, client)).status).toBe(200);
  });
});

describe("a request that is refused before it is read", () => {
  it.each(versions)("by %s is no burden to its connection, however often", async (version) => {
    await start();
    const client = session();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    ends.push(() => agent.destroy());
    const send = (sent: Sent) => (version === "HTTP/2" ? byHttp2(sent, client) : byHttp1(sent, agent));
    const refused = await Promise.all(
      Array.from({ length: 200 }, () => send({ rpc: "Internal", body: text(200_000) })),
    );
    expect(new Set(refused.map((it) => it.status))).toEqual(new Set([403]));
    expect((await send({ body: text(200_000) })).status).toBe(200);
  });
});
