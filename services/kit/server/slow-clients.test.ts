import http2 from "node:http2";
import net from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { LIMITS } from "./limits.ts";
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
// Only the interval at which connections are looked over is a fake.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(async () => {
  vi.useRealTimers();
  for (const end of ends.splice(0)) end();
  expect(echo.errors).toEqual([]);
  await echo.close(0);
});

const JSON_TYPE = { "content-type": "application/json" };
const CONNECT_STREAM = { "content-type": "application/connect+json" };

async function raw(port = echo.port) {
  const it = await connectRaw(port);
  ends.push(() => it.socket.destroy());
  return it;
}
async function rawHttp2(first: Readonly<Record<number, number>> = {}) {
  const it = await connectRawHttp2(echo.port, first);
  ends.push(() => it.socket.destroy());
  await eventually(() => expect(it.frames().length).toBeGreaterThan(1));
  return it;
}
function session(port = echo.port, options: http2.ClientSessionOptions = {}) {
  const it = http2.connect(`http://127.0.0.1:${port}`, options);
  it.on("error", () => {});
  ends.push(() => it.destroy());
  return it;
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 15));

/** Lets time pass for the server, with turns of the loop in which clients answer what they are asked. */
async function pass(ms: number, turn: () => void = () => {}): Promise<void> {
  const steps = Math.ceil(ms / LIMITS.checkIntervalMs);
  for (let step = 1; step <= steps; step++) {
    vi.advanceTimersByTime(LIMITS.checkIntervalMs);
    // Clients have a few checks' time to answer pings.
    if (step % 3 !== 0 && step !== steps) continue;
    await settled();
    turn();
    await settled();
  }
}

/** Answers the pings of the server that were not answered before. */
function ponging(client: Awaited<ReturnType<typeof rawHttp2>>): () => void {
  let answered = 0;
  return () => {
    const pings = client.frames().filter((it) => it.type === Frame.PING && it.flags === 0);
    for (const { payload } of pings.slice(answered)) client.send(frame(Frame.PING, Flag.ACK, 0, payload));
    answered = pings.length;
  };
}

function call(rpc: string, body: string, type: Readonly<Record<string, string>> = JSON_TYPE, streamId = 1): Buffer {
  return Buffer.concat([
    frame(Frame.HEADERS, Flag.END_HEADERS, streamId, requestBlock(pathOf(rpc), type)),
    frame(Frame.DATA, Flag.END_STREAM, streamId, Buffer.from(body)),
  ]);
}
const stream = (text: string) => `\0\0\0\0${String.fromCharCode(text.length + 2)}"${text}"`;

describe("HTTP/2 clients who say too little", () => {
  it("are cut off after the preface alone", async () => {
    echo = await startEcho();
    const { socket, closed } = await raw();
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    await settled();
    await pass(LIMITS.headersTimeoutMs - LIMITS.checkIntervalMs);
    expect(closed()).toBe(false);
    await pass(LIMITS.checkIntervalMs);
    await eventually(() => expect(closed()).toBe(true));
  });

  it.each([
    ["nothing", 0],
    ["a byte now and then", 1],
  ])("are cut off within headers without end, of which they send %s", async (_, trickle) => {
    echo = await startEcho();
    const bad = await rawHttp2();
    bad.send(frame(Frame.HEADERS, 0, 1, requestBlock(pathOf("Say"))));
    bad.socket.write(frame(Frame.CONTINUATION, 0, 1, Buffer.alloc(1_000)).subarray(0, 9));
    const { pingAfterMs, pingTimeoutMs, pingLatestMs } = LIMITS;
    const timeMs = pingAfterMs + (trickle === 0 ? pingTimeoutMs : pingLatestMs);
    await pass(timeMs + LIMITS.checkIntervalMs, () => bad.socket.write(Buffer.alloc(trickle)));
    await eventually(() => expect(bad.closed()).toBe(true));
    expect(await isWell(echo.port)).toBe(true);
  });
});

describe("an HTTP/2 connection without a call", () => {
  it("is left politely after a while, if its client answers pings", async () => {
    echo = await startEcho();
    const client = session();
    let leaves = 0;
    client.on("goaway", (code) => {
      expect(code).toBe(H2Error.NO_ERROR);
      leaves += 1;
    });
    await new Promise((resolve) => client.once("remoteSettings", resolve));
    await pass(LIMITS.idleTimeoutMs - LIMITS.checkIntervalMs);
    expect([leaves, client.closed]).toEqual([0, false]);
    await pass(2 * LIMITS.checkIntervalMs);
    await eventually(() => expect(client.closed).toBe(true));
  });

  it("is destroyed when the other end is not there any more, although nothing closed it", async () => {
    echo = await startEcho();
    const proxied: net.Socket[] = [];
    const proxy = net.createServer((near) => {
      const far = net.connect(echo.port, "127.0.0.1");
      proxied.push(near, far);
      for (const it of [near, far]) it.on("error", () => {});
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => proxy.listen(0, resolve));
    ends.push(() => {
      for (const it of proxied) it.destroy();
      proxy.close();
    });
    const client = session((proxy.address() as net.AddressInfo).port);
    const watch = client.request({ ":method": "POST", ":path": pathOf("Watch"), ...CONNECT_STREAM });
    watch.on("error", () => {});
    watch.end(stream("quiet"));
    await eventually(() => expect(echo.calls.running).toBe(1));
    await pass(LIMITS.pingAfterMs + LIMITS.pingTimeoutMs + LIMITS.checkIntervalMs);
    expect(echo.calls.running).toBe(1); // it answered
    for (const it of proxied) it.unpipe().pause();
    await pass(LIMITS.pingAfterMs + LIMITS.pingTimeoutMs + LIMITS.checkIntervalMs);
    await eventually(() => expect(echo.calls.running).toBe(0));
  });
});

describe("who does not read the answer", () => {
  const past = LIMITS.takeTimeoutMs + LIMITS.checkIntervalMs;

  it("of a unary call by HTTP/2 loses the stream, and nothing else", async () => {
    echo = await startEcho();
    const bad = await rawHttp2({ [INITIAL_WINDOW_SIZE]: 0 });
    const pong = ponging(bad);
    bad.send(call("Say", '"hello"'));
    await eventually(() => expect(bad.frames().some((it) => it.streamId === 1)).toBe(true));
    await pass(LIMITS.takeTimeoutMs - LIMITS.checkIntervalMs, pong);
    expect(bad.reset(1)).toBeUndefined();
    await pass(2 * LIMITS.checkIntervalMs, pong);
    expect(bad.reset(1)).toBe(H2Error.CANCEL);
    expect(bad.closed()).toBe(false);
    // Another call with a window of its own.
    bad.send(call("Say", '"again"', JSON_TYPE, 3), frame(Frame.WINDOW_UPDATE, 0, 3, uint32(1_000)));
    await eventually(() => expect(bad.heard().toString("latin1")).toContain('"again"'));
  });

  it("of a stream by HTTP/2 loses it, but may be shown nothing for as long as it likes", async () => {
    echo = await startEcho();
    const client = session();
    const open = (text: string) => {
      const it = client.request({ ":method": "POST", ":path": pathOf("Watch"), ...CONNECT_STREAM });
      it.on("error", () => {});
      it.end(stream(text));
      return it;
    };
    const quiet = open("quiet").resume();
    const unread = open("x".repeat(100));
    await eventually(() => expect(echo.calls.running).toBe(2));
    await pass(past + 2 * LIMITS.checkIntervalMs);
    await eventually(() => expect(unread.closed).toBe(true));
    await eventually(() => expect(echo.calls.running).toBe(1));
    await pass(LIMITS.idleTimeoutMs + LIMITS.checkIntervalMs);
    expect([quiet.closed, echo.calls.running]).toEqual([false, 1]);
  });

  it("by HTTP/1.1 loses the connection", async () => {
    echo = await startEcho();
    const { socket, closed } = await raw();
    const body = '"big:12000000"';
    socket.pause();
    socket.write(
      `POST ${pathOf("Say")} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await eventually(() => expect(echo.calls.begun).toBe(1));
    await settled();
    await pass(LIMITS.takeTimeoutMs);
    expect(socket.destroyed).toBe(false);
    // As slowly as is allowed, it may take twelve minutes.
    vi.advanceTimersByTime((12_000_000 / LIMITS.takeMinBytesPerSecond) * 1_000 + 2 * LIMITS.checkIntervalMs);
    socket.resume();
    await eventually(() => expect(closed()).toBe(true));
  });
});

describe("who does not send the rest of a request", () => {
  it("by HTTP/2 is told so when the call's time is over, and the stream is closed", async () => {
    echo = await startEcho();
    const bad = await rawHttp2();
    bad.send(frame(Frame.HEADERS, Flag.END_HEADERS, 1, requestBlock(pathOf("Hurry"), JSON_TYPE)));
    bad.send(frame(Frame.DATA, 0, 1, Buffer.from('"ha')));
    await eventually(() => expect(bad.reset(1)).toBe(H2Error.NO_ERROR));
    expect(bad.heard().toString("latin1")).toContain("REQUEST_INCOMPLETE");
  });

  it.each([
    ["a header", `POST ${pathOf("Say")} HTTP/1.1\r\nhost:`, "408"],
    [
      "a body of known length",
      `POST ${pathOf("Hurry")} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n"`,
      "REQUEST_INCOMPLETE",
    ],
    [
      "a body in chunks",
      `POST ${pathOf("Hurry")} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n1\r\n"\r\n`,
      "REQUEST_INCOMPLETE",
    ],
  ])("by HTTP/1.1, of %s, is told so, and the connection closed", async (_, bytes, told) => {
    vi.useRealTimers();
    echo = await startEcho({ headersTimeoutMs: 300, requestTimeoutMs: 600, checkIntervalMs: 50 });
    const { socket, heard, closed } = await raw();
    socket.write(bytes);
    await eventually(() => expect(heard().toString()).toContain(told));
    await eventually(() => expect(closed()).toBe(true));
  });

  it("and has nothing to say by HTTP/1.1 is left after a while", async () => {
    vi.useRealTimers();
    echo = await startEcho({ keepAliveTimeoutMs: 100 });
    const { socket, heard, closed } = await raw();
    socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await eventually(() => expect(heard().toString()).toContain("plain"));
    await eventually(() => expect(closed()).toBe(true));
  });
});
