import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { openSession, SESSION_TIMES, type Session, type SessionTimes } from "./session.ts";
import { targetsOf } from "./target.ts";
import { answer, deadUrl, type RawHandler, startProxy, startRawServer } from "./testing/servers.ts";

const QUICK: SessionTimes = { connectMs: 200, quietMs: 50, pingMs: 100 };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function open(url: string, times: SessionTimes = SESSION_TIMES): { session: Session; states: string[] } {
  const [target] = targetsOf(url);
  if (target === undefined) throw new Error("no URL");
  const states: string[] = [];
  const session = openSession({ target, ip: target.host }, () => states.push(session.state), { times });
  closers.push(() => session.destroy(new Error("the test is over")));
  return { session, states };
}

async function startServer(handler: RawHandler = (stream) => answer(stream), options = {}) {
  const server = await startRawServer(handler, options);
  closers.push(() => server.close());
  return server;
}

const POST = [":method", "POST", ":path", "/"];
const become = (session: Session, state: string) => eventually(() => expect(session.state).toBe(state));

describe("a connection", () => {
  it("is ready when the peer's settings are there, and stays below what it allows", async () => {
    const server = await startServer(undefined, { settings: { maxConcurrentStreams: 7 } });
    const { session } = open(server.url);
    expect(session.state).toBe("connecting");
    await become(session, "ready");
    expect(session.capacity).toBe(5);
  });

  it("drains when the peer says GOAWAY, and closes after the last stream", async () => {
    let release = () => {};
    const server = await startServer((stream) => {
      release = () => answer(stream);
      stream.session?.goaway();
    });
    const { session, states } = open(server.url);
    await become(session, "ready");
    const stream = session.request(POST).resume();
    stream.end();
    await become(session, "draining");
    expect(session.outstanding).toBe(1);
    release();
    await once(stream, "close");
    await become(session, "closed");
    expect(session.isNotBegun(stream)).toBe(false);
    expect(states).toEqual(["ready", "draining", "closed"]);
  });

  it("that is gone gives streams that fail, which nobody has begun on", async () => {
    const server = await startServer();
    const { session } = open(server.url);
    await become(session, "ready");
    await server.close();
    await become(session, "closed");
    const stream = session.request(POST);
    await expect(once(stream, "end")).rejects.toThrow();
    expect(session.isNotBegun(stream)).toBe(true);
  });

  it("to nobody closes and says why", async () => {
    const { session } = open(await deadUrl());
    await become(session, "closed");
    expect(session.error?.message).toContain("ECONNREFUSED");
  });

  it("to somebody who says nothing closes in time", async () => {
    const server = createServer((socket) => socket.on("error", () => {}).resume()).listen(0, "127.0.0.1");
    await once(server, "listening");
    closers.push(() => server.close());
    const { session } = open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, QUICK);
    await become(session, "closed");
    expect(session.error?.message).toBe("no connection within 200 ms");
  });

  it("to somebody who does not speak HTTP/2 closes", async () => {
    const server = createServer((socket) => socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    closers.push(() => server.close());
    const { session } = open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await become(session, "closed");
  });
});

describe("a connection that was idle for long", () => {
  it("takes calls again after the peer has given a sign of life", async () => {
    const server = await startServer();
    const { session, states } = open(server.url, QUICK);
    await become(session, "stale");
    session.verify();
    expect(session.state).toBe("verifying");
    // It may be idle for long again by the time that is looked at.
    await eventually(() => expect(states.slice(0, 4)).toEqual(["ready", "stale", "verifying", "ready"]));
  });

  it("closes if there is none", async () => {
    const server = await startServer();
    const proxy = await startProxy(server.port);
    closers.push(() => proxy.close());
    const { session } = open(proxy.url, QUICK);
    await become(session, "stale");
    proxy.swallow();
    session.verify();
    await become(session, "closed");
    expect(session.error?.message).toBe("no answer to a ping within 100 ms");
  });
});
