import { constants } from "node:http2";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { ATTEMPTS_MAX } from "./retry.ts";
import { TextService } from "./testing/echo.ts";
import {
  answer,
  answerStatus,
  deadUrl,
  type RawHandler,
  type RawServer,
  startProxy,
  startRawServer,
} from "./testing/servers.ts";
import { createServiceTransport, type ServiceTransportOptions } from "./transport.ts";
import type { Parent } from "./unary.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startServer(handler: RawHandler, options?: Parameters<typeof startRawServer>[1]): Promise<RawServer> {
  const server = await startRawServer(handler, options);
  closers.push(() => server.close());
  return server;
}

function clientOf(baseUrls: string, options: Partial<ServiceTransportOptions<Parent>> = {}) {
  const transport = createServiceTransport({ baseUrls, ...options });
  closers.push(() => transport.close());
  return createClient(TextService, transport);
}

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => "OK",
    (error: unknown) => Code[ConnectError.from(error).code],
  );

describe("GOAWAY in mid-flight", () => {
  it("lets calls that have begun come to their end, and makes new ones on a new connection", async () => {
    const server = await startServer((stream, _, at) => {
      if (at > 0) return answer(stream);
      stream.session?.goaway();
      setTimeout(() => answer(stream), 50);
    });
    const client = clientOf(server.url);
    const first = client.act({});
    await eventually(() => expect(server.requests).toHaveLength(1));
    await client.act({});
    await first;
    expect(server.requests).toHaveLength(2);
  });

  it("makes calls again that have certainly not begun, whatever they do", async () => {
    let sessions = 0;
    const server = await startServer((stream) => {
      const { session, id = 0 } = stream;
      if (session === undefined) return;
      // The first connection takes the first call only and says so.
      if (server.sessions.size > 0 && sessions === 0 && id > 1) {
        sessions++;
        session.goaway(constants.NGHTTP2_NO_ERROR, 1);
      } else if (sessions > 0 || id === 1) answer(stream);
    });
    const client = clientOf(server.url);
    const calls = await Promise.all(Array.from({ length: 5 }, () => codeOf(client.act({}))));
    expect(calls).toEqual(["OK", "OK", "OK", "OK", "OK"]);
  });

  it("with an error fails what may have begun", async () => {
    const server = await startServer((stream) => stream.session?.goaway(constants.NGHTTP2_INTERNAL_ERROR, 1));
    expect(await codeOf(clientOf(server.url).act({}))).toBe("Unavailable");
    expect(server.requests).toHaveLength(1);
  });
});

describe("a stream that is refused", () => {
  const refuse = (times: number): RawHandler => {
    return (stream, _, at) => (at < times ? stream.close(constants.NGHTTP2_REFUSED_STREAM) : answer(stream));
  };

  it("is opened again, whatever the call does", async () => {
    const server = await startServer(refuse(ATTEMPTS_MAX - 1));
    await clientOf(server.url).act({});
    expect(server.requests).toHaveLength(ATTEMPTS_MAX);
  });

  it("is not opened for ever", async () => {
    const server = await startServer(refuse(Number.POSITIVE_INFINITY));
    expect(await codeOf(clientOf(server.url).act({}))).toBe("Unavailable");
    expect(server.requests).toHaveLength(ATTEMPTS_MAX);
  });
});

describe("a call that fails", () => {
  it.each([
    ["act", 14, 1],
    ["look", 14, ATTEMPTS_MAX],
    ["put", 14, ATTEMPTS_MAX],
    ["put", 13, 1],
    ["put", 8, 1],
  ] as const)("%s with status %d is made %d times, and says so", async (name, status, times) => {
    const server = await startServer((stream) => answerStatus(stream, status));
    expect(await codeOf(clientOf(server.url)[name]({}))).toBe(Code[status]);
    const attempts = server.requests.map((it) => it["grpc-previous-rpc-attempts"]);
    expect(attempts).toEqual([undefined, "1", "2"].slice(0, times));
  });

  it("is not made again when there is no time for it", async () => {
    const server = await startServer((stream) => answerStatus(stream, 14, { "grpc-retry-pushback-ms": "5000" }));
    expect(await codeOf(clientOf(server.url).put({}, { timeoutMs: 1_000 }))).toBe("Unavailable");
    expect(server.requests).toHaveLength(1);
  });

  it("says with each attempt how much time is left", async () => {
    const server = await startServer((stream, _, at) => (at === 1 ? answerStatus(stream, 14) : answer(stream)));
    const client = clientOf(server.url);
    await client.act({});
    await client.put({}, { timeoutMs: 5_000 });
    const left = server.requests.slice(1).map((it) => Number.parseInt(String(it["grpc-timeout"]), 10));
    expect(left[0]).toBe(5_000);
    expect(left[1]).toBeLessThan(5_000);
  });

  it("is left to a mesh that makes calls again by itself, where there is one", async () => {
    const server = await startServer((stream, _, at) => {
      if (at === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else answerStatus(stream, Code.Unavailable);
    });
    const client = clientOf(server.url, { retries: false });
    expect(await codeOf(client.look({}))).toBe("Unavailable");
    expect(server.requests).toHaveLength(1);
    // What nobody has begun on is nobody's second attempt.
    expect(await codeOf(client.look({}))).toBe("Unavailable");
    expect(server.requests).toHaveLength(3);
  });

  it("is not made again by the many when a service is in trouble", async () => {
    const CALLS = 400;
    const server = await startServer((stream) => answerStatus(stream, 14));
    const client = clientOf(server.url);
    await Promise.all(Array.from({ length: CALLS }, () => codeOf(client.put({}))));
    expect(server.requests.length - CALLS).toBeLessThan(CALLS / 2);
  });
});

// How long nobody listens is up to the machine: on a busy one it may be longer than calls are made again for.
describe("a server that is started again under load", { retry: 2 }, () => {
  it("fails no call that may be made twice", async () => {
    let server = await startServer((stream) => setTimeout(() => answer(stream), 2));
    const { port } = server;
    const client = clientOf(server.url);
    let done = false;
    const codes = new Map<string | undefined, number>();
    const load = Array.from({ length: 20 }, async () => {
      while (!done) {
        const code = await codeOf(client.put({}, { timeoutMs: 10_000 }));
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    });
    for (const end of ["stop", "close", "stop"] as const) {
      const before = codes.get("OK") ?? 0;
      await eventually(() => expect(codes.get("OK") ?? 0).toBeGreaterThan(before + 50));
      await server[end]();
      server = await startServer((stream) => setTimeout(() => answer(stream), 2), { port });
    }
    done = true;
    await Promise.all(load);
    expect([...codes.keys()]).toEqual(["OK"]);
  });
});

describe("a peer that is dead without a word", () => {
  const times = { connectMs: 300, quietMs: 50, pingMs: 100 };

  it("is found, and calls that wait for it fail", async () => {
    const server = await startServer((stream, _, at) => at === 0 && answer(stream));
    const proxy = await startProxy(server.port);
    closers.push(() => proxy.close());
    const client = clientOf(proxy.url, { times });
    await client.act({});
    const waiting = codeOf(client.act({}));
    await eventually(() => expect(server.requests).toHaveLength(2));
    proxy.swallow();
    expect(await waiting).toBe("Unavailable");
    // What answers connections but not calls is not connected to.
    expect(await codeOf(client.act({}))).toBe("Unavailable");
  });

  it("is noticed before a call is made on a connection that was idle for long", async () => {
    const server = await startServer((stream) => answer(stream));
    const proxy = await startProxy(server.port);
    closers.push(() => proxy.close());
    const client = clientOf(`${proxy.url},${server.url}`, { times });
    for (let at = 0; at < 4; at++) await client.act({});
    proxy.swallow();
    await new Promise((resolve) => setTimeout(resolve, 4 * times.quietMs));
    const codes = await Promise.all(Array.from({ length: 6 }, () => codeOf(client.act({}))));
    expect(new Set(codes)).toEqual(new Set(["OK"]));
  });
});

describe("a service that cannot be reached", () => {
  it("fails its callers, and later ones at once", async () => {
    const client = clientOf(await deadUrl());
    const codes = await Promise.all(Array.from({ length: 10 }, () => codeOf(client.act({}))));
    for (let at = 0; at < 5; at++) codes.push(await codeOf(client.act({})));
    expect(new Set(codes)).toEqual(new Set(["Unavailable"]));
  });

  it("fails its callers when nobody knows its name", async () => {
    const lookup = async () => Promise.reject(new Error("getaddrinfo ENOTFOUND nowhere"));
    const error = await clientOf("http://nowhere:1", { lookup })
      .act({})
      .catch((it: unknown) => it);
    expect(error).toMatchObject({ code: Code.Unavailable });
    expect(String(error)).toContain("ENOTFOUND");
  });
});
