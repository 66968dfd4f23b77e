import type http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StartError } from "../start-error.ts";
import { eventually } from "../testing/eventually.ts";
import { type HttpHandler, type Listener, listen } from "./listen.ts";

const GRACE_MS = 5_000;
const hello: HttpHandler = (request, response) => {
  const body = `hello by HTTP/${request.httpVersion}`;
  (response as http.ServerResponse).writeHead(200, { "content-length": body.length }).end(body);
};

const open: Listener[] = [];
const sockets: net.Socket[] = [];
async function start(handler: HttpHandler = hello, onError?: (error: unknown) => void): Promise<Listener> {
  const listener = await listen({ name: "product", port: 0, host: "127.0.0.1", handler, ...(onError && { onError }) });
  open.push(listener);
  return listener;
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map((it) => it.close(GRACE_MS)));
});

/** A bare connection that keeps what it hears. */
async function connect(port: number) {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
  sockets.push(socket);
  const heard: Buffer[] = [];
  let closed = false;
  socket.on("data", (chunk) => heard.push(chunk));
  socket.on("error", () => {});
  socket.on("close", () => (closed = true));
  await new Promise((resolve) => socket.once("connect", resolve));
  return { socket, heard: () => Buffer.concat(heard), closed: () => closed };
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 1));

/** Writes bytes in as many packets as there are pieces. */
async function writePieces(socket: net.Socket, bytes: Buffer, cuts: readonly number[]): Promise<void> {
  const at = [0, ...cuts, bytes.length];
  for (const [index, from] of at.slice(0, -1).entries()) {
    socket.write(bytes.subarray(from, at[index + 1]));
    await turn();
  }
}

async function get(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`)).text();
}

const HTTP1 = Buffer.from("GET / HTTP/1.1\r\nhost: shop\r\n\r\n");
// A method that begins as HTTP/2's preface does.
const PRINT = Buffer.from("PROPFIND / HTTP/1.1\r\nhost: shop\r\n\r\n");
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const H2 = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), EMPTY_SETTINGS]);
const isHttp1Answer = (heard: Buffer) => heard.toString().includes("hello by HTTP/1.1");
const isH2Settings = (heard: Buffer) => heard.length >= 9 && heard[3] === 4;

describe("one port for both versions of HTTP", () => {
  const cuts = (bytes: Buffer) => Array.from({ length: bytes.length - 1 }, (_, index) => index + 1);
  it.each([
    ["HTTP/1.1", HTTP1, isHttp1Answer],
    ["HTTP/1.1 that begins like HTTP/2", PRINT, isHttp1Answer],
    ["HTTP/2", H2, isH2Settings],
  ] as const)("tells %s by its first bytes, even if they come one by one", async (_, bytes, answered) => {
    const { port } = await start();
    const { socket, heard } = await connect(port);
    await writePieces(socket, bytes, cuts(bytes));
    await eventually(() => expect(answered(heard())).toBe(true));
  });

  it("tells them however the bytes are cut", async () => {
    const { port } = await start();
    const kind = fc.constantFrom([HTTP1, isHttp1Answer] as const, [H2, isH2Settings] as const);
    await fc.assert(
      fc.asyncProperty(kind, fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 4 }), async (kind, cuts) => {
        const [bytes, answered] = kind;
        const { socket, heard } = await connect(port);
        await writePieces(
          socket,
          bytes,
          cuts.toSorted((a, b) => a - b),
        );
        await eventually(() => expect(answered(heard())).toBe(true));
        socket.destroy();
      }),
      { numRuns: 15 },
    );
  });

  it("takes a body that comes with the first bytes, however large", async () => {
    const { port } = await start(async (request, response) => {
      let length = 0;
      for await (const chunk of request) length += (chunk as Buffer).length;
      (response as http.ServerResponse).end(`${length} bytes`);
    });
    const body = Buffer.alloc(300_000, "x");
    const { socket, heard } = await connect(port);
    socket.write(
      Buffer.concat([Buffer.from(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n`), body]),
    );
    await eventually(() => expect(heard().toString()).toContain("300000 bytes"));
  });
});

describe("clients that behave badly", () => {
  it("who say too little to be told apart hold up nobody", async () => {
    const { port } = await start();
    for (const bytes of ["P", "PR", "PRI", ""]) {
      const { socket } = await connect(port);
      socket.write(bytes);
    }
    await turn();
    expect(await get(port)).toBe("hello by HTTP/1.1");
  });

  it.each([
    ["random bytes", "\x00\x01\x02\xff\xfe garbage \r\n\r\n"],
    ["a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
    ["no HTTP version", "GET /\r\n\r\n"],
    ["a header without end", `GET / HTTP/1.1\r\nx: ${"y".repeat(64 * 1024)}`],
    ["two lengths", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"],
    ["HTTP/2's preface with a wrong end", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"],
    ["HTTP/2 with garbage for frames", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\xff".repeat(100)}`],
    [
      "HTTP/2 with a frame for a stream that is not open",
      `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x01\0\0\0\0\0\x09x`,
    ],
  ])("are let go, and nobody else notices: %s", async (_, bytes) => {
    const { port } = await start();
    const { socket, closed } = await connect(port);
    socket.write(Buffer.from(bytes, "latin1"));
    await eventually(() => expect(closed()).toBe(true));
    expect(await get(port)).toBe("hello by HTTP/1.1");
  });

  it("who break off at any byte do no harm", async () => {
    const { port } = await start();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(HTTP1, H2), fc.nat({ max: 30 }), fc.boolean(), async (bytes, length, reset) => {
        const { socket } = await connect(port);
        socket.write(bytes.subarray(0, length));
        await turn();
        if (reset) socket.resetAndDestroy();
        else socket.destroy();
      }),
      { numRuns: 30 },
    );
    expect(await get(port)).toBe("hello by HTTP/1.1");
  });

  it("who break off while they are answered, by either version, do no harm", async () => {
    const errors: unknown[] = [];
    const asked: (() => void)[] = [];
    const slow: HttpHandler = async (request, response) => {
      if (request.url === "/now") return hello(request, response);
      await new Promise<void>((resolve) => asked.push(resolve));
      hello(request, response);
    };
    const { port } = await start(slow, (error) => errors.push(error));
    const h1 = await connect(port);
    h1.socket.write(HTTP1);
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on("error", () => {});
    const stream = session.request({ ":path": "/" });
    stream.on("error", () => {});
    await eventually(() => expect(asked).toHaveLength(2));
    h1.socket.resetAndDestroy();
    session.destroy();
    await turn();
    for (const answer of asked) answer();
    expect(await (await fetch(`http://127.0.0.1:${port}/now`)).text()).toBe("hello by HTTP/1.1");
    expect(errors).toEqual([]);
  });

  describe("and say nothing", () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
    afterEach(() => void vi.useRealTimers());

    it.each(["", "PR"])("after %j are sent away after a while", async (bytes) => {
      const { port } = await start();
      const { socket, closed } = await connect(port);
      socket.write(bytes);
      expect(await get(port)).toBe("hello by HTTP/1.1"); // the silent one has arrived before
      vi.advanceTimersByTime(9_000);
      expect(await get(port)).toBe("hello by HTTP/1.1");
      expect(closed()).toBe(false);
      vi.advanceTimersByTime(2_000);
      vi.useRealTimers();
      await eventually(() => expect(closed()).toBe(true));
    });
  });
});

describe("a handler that fails", () => {
  it.each([
    [
      "throws",
      () => {
        throw new Error("broken");
      },
    ],
    ["rejects", () => Promise.reject(new Error("broken"))],
  ] as [string, HttpHandler][])("and %s costs its own request and nothing else", async (_, broken) => {
    const errors: unknown[] = [];
    const handler: HttpHandler = (request, response) => (request.url === "/broken" ? broken : hello)(request, response);
    const { port } = await start(handler, (error) => errors.push(error));
    expect((await fetch(`http://127.0.0.1:${port}/broken`)).status).toBe(500);
    expect(await get(port)).toBe("hello by HTTP/1.1");
    expect(errors).toEqual([new Error("broken")]);
  });
});

describe("a port", () => {
  it("that is taken, or may not be opened, is a sentence that says what to do", async () => {
    const { port } = await start();
    const again = listen({ name: "product", port, host: "127.0.0.1", handler: hello });
    await expect(again).rejects.toThrow(StartError);
    await expect(again).rejects.toThrow(
      `Port ${port} for product is taken by another program; stop that, or set PRODUCT_PORT`,
    );
  });

  it("is closed at once when all are idle, whatever connections are open", async () => {
    const listener = await start();
    const silent = await connect(listener.port);
    const begun = await connect(listener.port);
    begun.socket.write("P");
    const keptAlive = await connect(listener.port);
    keptAlive.socket.write(HTTP1);
    const session = http2.connect(`http://127.0.0.1:${listener.port}`);
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    await eventually(() => expect(keptAlive.heard().length).toBeGreaterThan(0));
    const startMs = performance.now();
    await listener.close(60_000);
    expect(performance.now() - startMs).toBeLessThan(GRACE_MS);
    await eventually(() => expect([silent, begun, keptAlive].map((it) => it.closed())).toEqual([true, true, true]));
    await eventually(() => expect(session.closed).toBe(true));
    await expect(get(listener.port)).rejects.toThrow();
  });

  it("waits for what runs, but not for ever", async () => {
    const listener = await start(() => {});
    const { socket, closed } = await connect(listener.port);
    socket.write(HTTP1);
    await turn();
    await listener.close(300);
    await eventually(() => expect(closed()).toBe(true));
  });
});
