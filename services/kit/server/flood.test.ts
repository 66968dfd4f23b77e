import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { type EchoServer, isWell, pathOf, startEcho } from "./testing/echo.ts";
import {
  connectRawHttp2,
  Flag,
  Frame,
  frame,
  H2Error,
  headerBlock,
  type RawHttp2,
  requestBlock,
  settings,
  uint32,
} from "./testing/raw-http2.ts";

let echo: EchoServer;
beforeAll(async () => {
  echo = await startEcho();
});
afterAll(() => echo.close(0));

const open: RawHttp2[] = [];
async function connect(first: Readonly<Record<number, number>> = {}): Promise<RawHttp2> {
  const raw = await connectRawHttp2(echo.port, first);
  open.push(raw);
  return raw;
}
afterEach(() => {
  for (const { socket } of open.splice(0)) socket.destroy();
  expect(echo.errors).toEqual([]);
});

const GRPC = { "content-type": "application/grpc", te: "trailers" };
const streamId = (index: number) => 1 + 2 * index;
function headers(index: number, flags: number = Flag.END_HEADERS): Buffer {
  return frame(Frame.HEADERS, flags, streamId(index), requestBlock(pathOf("Say"), GRPC));
}
const unended = headers(0, 0);
const ping = frame(Frame.PING, 0, 0, Buffer.alloc(8));
const repeat = (count: number, make: (index: number) => Buffer) =>
  Buffer.concat(Array.from({ length: count }, (_, it) => make(it)));

describe("floods of frames close their connection and nobody else's:", () => {
  it.each([
    [
      "calls that are reset at once",
      (it: number) => Buffer.concat([headers(it), frame(Frame.RST_STREAM, 0, streamId(it), uint32(H2Error.CANCEL))]),
    ],
    ["empty DATA", (it: number) => (it === 0 ? headers(0) : frame(Frame.DATA, 0, 1))],
    ["empty SETTINGS", () => frame(Frame.SETTINGS, 0, 0)],
    [
      "SETTINGS of many entries",
      () =>
        frame(
          Frame.SETTINGS,
          0,
          0,
          repeat(100, () => settings({ 4: 100 })),
        ),
    ],
    ["PING", () => ping],
    ["PRIORITY", (it: number) => frame(Frame.PRIORITY, 0, streamId(it), Buffer.alloc(5, 1))],
    ["empty headers", (it: number) => frame(Frame.HEADERS, Flag.END_HEADERS, streamId(it), headerBlock([["", ""]]))],
    ["no headers", (it: number) => frame(Frame.HEADERS, Flag.END_HEADERS, streamId(it))],
    [
      "CONTINUATION",
      (it: number) => (it === 0 ? unended : frame(Frame.CONTINUATION, 0, 1, headerBlock([[`x-${it}`, "y"]]))),
    ],
    ["empty CONTINUATION", (it: number) => (it === 0 ? unended : frame(Frame.CONTINUATION, 0, 1))],
    [
      "window updates of nothing",
      (it: number) => (it === 0 ? headers(0) : frame(Frame.WINDOW_UPDATE, 0, 1, uint32(0))),
    ],
    [
      "window updates beyond what there is",
      (it: number) => (it === 0 ? headers(0) : frame(Frame.WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 1))),
    ],
    [
      "frames for streams that are over",
      (it: number) =>
        Buffer.concat([headers(it, Flag.END_HEADERS | Flag.END_STREAM), frame(Frame.DATA, 0, streamId(it), uint32(0))]),
    ],
    ["frames of unknown kinds", () => frame(0xbb, 0, 0, Buffer.alloc(10))],
  ] as const)("%s", async (_, make) => {
    const bad = await connect();
    bad.send(repeat(12_000, make));
    expect(await isWell(echo.port)).toBe(true);
    await eventually(() => expect(bad.closed()).toBe(true));
    expect(bad.goaway()).not.toBe(H2Error.NO_ERROR);
    await eventually(() => expect(echo.calls.running).toBe(0));
  });

  it("PING at a rate that never fills a queue", async () => {
    const bad = await connect();
    for (let sent = 0; sent < 20 && !bad.closed(); sent++) {
      bad.send(repeat(100, () => ping));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await eventually(() => expect(bad.closed()).toBe(true));
    expect(bad.goaway()).toBe(H2Error.ENHANCE_YOUR_CALM);
    expect(await isWell(echo.port)).toBe(true);
  });

  it("window updates make no work; the connection lives", async () => {
    const odd = await connect();
    odd.send(
      repeat(9_000, () => frame(Frame.WINDOW_UPDATE, 0, 0, uint32(1))),
      ping,
    );
    await eventually(() => expect(odd.frames().some((it) => it.type === Frame.PING)).toBe(true));
    expect(odd.closed()).toBe(false);
  });
});

describe("a busy client", () => {
  it("may measure its connection by as many pings as it gets answers", async () => {
    const good = await connect();
    const call = (index: number) =>
      Buffer.concat([headers(index), frame(Frame.DATA, Flag.END_STREAM, streamId(index), Buffer.alloc(5)), ping]);
    const answered = () => good.frames().filter((it) => it.type === Frame.PING).length;
    for (let from = 0; from < 1_500; from += 100) {
      good.send(repeat(100, (it) => call(from + it)));
      await eventually(() => expect(answered()).toBe(from + 100));
    }
    expect(good.closed()).toBe(false);
    expect(good.goaway()).toBeUndefined();
  });

  it("may give up a few hundred calls at once", async () => {
    const good = await connect();
    for (let from = 0; from < 800; from += 100) {
      good.send(repeat(100, (it) => headers(from + it)));
      good.send(repeat(100, (it) => frame(Frame.RST_STREAM, 0, streamId(from + it), uint32(H2Error.CANCEL))));
    }
    good.send(ping);
    await eventually(() => expect(good.frames().some((it) => it.type === Frame.PING)).toBe(true));
    expect(good.closed()).toBe(false);
  });
});
