import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { SESSIONS_MAX } from "./endpoint.ts";
import { TextService } from "./testing/echo.ts";
import { answer, deadUrl, type RawHandler, type RawServer, startRawServer } from "./testing/servers.ts";
import { createServiceTransport, type ServiceTransportOptions } from "./transport.ts";
import type { Parent } from "./unary.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startServers(count: number, handler: RawHandler = (it) => answer(it)): Promise<RawServer[]> {
  const servers: RawServer[] = [];
  for (let at = 0; at < count; at++) {
    const server = await startRawServer(handler);
    closers.push(() => server.close());
    servers.push(server);
  }
  return servers;
}

function clientOf(baseUrls: string, options: Partial<ServiceTransportOptions<Parent>> = {}) {
  const transport = createServiceTransport({ baseUrls, ...options });
  closers.push(() => transport.close());
  return createClient(TextService, transport);
}

const urlsOf = (servers: readonly RawServer[]) => servers.map((it) => it.url).join(",");
const sharesOf = (servers: readonly RawServer[]) => servers.map((it) => it.requests.length);

/** Makes calls until all connections are there. */
async function warmUp(client: ReturnType<typeof clientOf>, servers: readonly RawServer[]): Promise<void> {
  await eventually(async () => {
    await client.act({});
    expect(Math.min(...sharesOf(servers))).toBeGreaterThan(0);
  });
}

describe("calls to several addresses", () => {
  it("are spread over all of them", async () => {
    const servers = await startServers(3);
    const client = clientOf(urlsOf(servers));
    await warmUp(client, servers);
    const before = sharesOf(servers);
    for (let at = 0; at < 30; at++) await client.act({});
    expect(sharesOf(servers).map((it, at) => it - (before[at] ?? 0))).toEqual([10, 10, 10]);
  });

  it("leave out one that is dead, and find it when it is back", async () => {
    const dead = await deadUrl();
    const servers = await startServers(2);
    const client = clientOf(`${dead},${urlsOf(servers)}`);
    for (let at = 0; at < 20; at++) await client.act({});
    expect(Math.min(...sharesOf(servers))).toBeGreaterThan(0);
    const back = await startRawServer((it) => answer(it), { port: Number(new URL(dead).port) });
    closers.push(() => back.close());
    await warmUp(client, [back]);
  });

  it("go to others than the one that hangs", async () => {
    const [slow] = await startServers(1, () => {});
    const [quick] = await startServers(1);
    if (slow === undefined || quick === undefined) return expect.unreachable("two servers were started");
    const client = clientOf(urlsOf([slow, quick]));
    const calls = Array.from({ length: 3 }, () => client.act({}, { timeoutMs: 20_000 }).catch(() => {}));
    await eventually(() => expect(slow.requests.length).toBeGreaterThan(0));
    for (let at = 0; at < 20; at++) await client.act({});
    expect(slow.requests.length).toBeLessThanOrEqual(calls.length);
  });

  it("follow the addresses of a name", async () => {
    const first = await startRawServer((it) => answer(it), { host: "127.0.0.1" });
    closers.push(() => first.close());
    const second = await startRawServer((it) => answer(it), { host: "127.0.0.2", port: first.port });
    closers.push(() => second.close());
    let ips = ["127.0.0.1"];
    const client = clientOf(`http://service.test:${first.port}`, { lookup: async () => ips });
    await client.act({});
    expect(first.requests[0]?.[":authority"]).toBe(`service.test:${first.port}`);
    ips = ["127.0.0.2"];
    await first.close(); // its failure has the name looked up again
    await eventually(() => client.act({}));
    expect(second.requests.length).toBeGreaterThan(0);
  });
});

describe("more calls than the peer allows at once", () => {
  const STREAMS = 2;
  const CALLS = 40;

  it("are all made, on a few connections", async () => {
    let now = 0;
    let most = 0;
    const server = await startRawServer(
      (stream) => {
        most = Math.max(most, ++now);
        stream.once("close", () => now--);
        setTimeout(() => answer(stream), 5);
      },
      { settings: { maxConcurrentStreams: STREAMS } },
    );
    closers.push(() => server.close());
    const client = clientOf(server.url);
    await Promise.all(Array.from({ length: CALLS }, () => client.act({})));
    await Promise.all(Array.from({ length: CALLS }, () => client.act({})));
    expect(server.sessions.size).toBeGreaterThan(1);
    expect(server.sessions.size).toBeLessThanOrEqual(SESSIONS_MAX);
    expect(most).toBeLessThanOrEqual(STREAMS * SESSIONS_MAX);
  });

  it("end in time while they wait for their turn", async () => {
    const server = await startRawServer(() => {}, { settings: { maxConcurrentStreams: 1 } });
    closers.push(() => server.close());
    const client = clientOf(server.url);
    const leave = new AbortController();
    const codeOf = (error: unknown) => Code[ConnectError.from(error).code];
    // Not ended by the same time: what is sent the moment another ends may be too early for the peer.
    const first = client.act({}, { signal: leave.signal }).catch(codeOf);
    await eventually(() => expect(server.requests).toHaveLength(1));
    const late = Array.from({ length: 10 }, () => client.act({}, { timeoutMs: 300 }).catch(codeOf));
    expect(new Set(await Promise.all(late))).toEqual(new Set(["DeadlineExceeded"]));
    leave.abort();
    expect(await first).toBe("Canceled");
    expect(server.requests.length).toBeLessThanOrEqual(SESSIONS_MAX);
  });
});

it("a transport that is closed ends its calls and takes no more", async () => {
  const [server] = await startServers(1, () => {});
  const transport = createServiceTransport({ baseUrls: server?.url ?? "" });
  const client = createClient(TextService, transport);
  const calls = [client.act({}), client.act({})].map((it) => it.catch((error: unknown) => error));
  await eventually(() => expect(server?.requests).toHaveLength(2));
  transport.close();
  calls.push(client.act({}).catch((error: unknown) => error));
  for (const it of await Promise.all(calls)) expect(it).toBeInstanceOf(ConnectError);
});
