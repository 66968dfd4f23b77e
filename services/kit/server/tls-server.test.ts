import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import tls from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { createAuthority, type Issued, type TestAuthority } from "../testing/certificates.ts";
import { eventually } from "../testing/eventually.ts";
import type { Limits } from "./limits.ts";
import { type EchoServer, pathOf, startEcho } from "./testing/echo.ts";
import type { PortTls } from "./tls-server.ts";

let authority: TestAuthority;
let own: PortTls;
beforeAll(async () => {
  authority = await createAuthority();
  const credentials = { ...(await authority.issue({ hosts: ["localhost"] })), ca: authority.ca, minVersion: "TLSv1.2" };
  own = { credentials: credentials as PortTls["credentials"], onRenewal: () => () => {} };
});

let echo: EchoServer;
const ends: (() => void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await echo.close(0);
});
const start = async (limits: Partial<Limits> = {}) => {
  echo = await startEcho(limits, own);
};

/** A bare connection. */
async function connected(): Promise<net.Socket> {
  const socket = net
    .connect(echo.port, "127.0.0.1")
    .on("error", () => {})
    .resume();
  ends.push(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Shakes hands; answers whether the connection was still there a round trip later. */
async function isTaken(issued?: Issued): Promise<boolean> {
  const options = { ...issued, port: echo.port, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] };
  const socket = tls.connect(options).on("error", () => {});
  ends.push(() => socket.destroy());
  socket.write("GET /plain HTTP/1.1\r\nhost: x\r\n\r\n");
  return Promise.race([once(socket, "data").then(() => true), once(socket, "close").then(() => false)]);
}

function session(): http2.ClientHttp2Session {
  const it = http2.connect(`https://127.0.0.1:${echo.port}`, { rejectUnauthorized: false }).on("error", () => {});
  ends.push(() => it.destroy());
  return it;
}

/** A call that is answered when the echo is told to; answers the text of the answer. */
async function waiting(by: http2.ClientHttp2Session): Promise<string> {
  const stream = by.request({ ":method": "POST", ":path": pathOf("Say"), "content-type": "application/json" });
  stream.end('"wait"');
  let text = "";
  for await (const it of stream) text += String(it);
  return text;
}

describe("a port with TLS", () => {
  it("gives up who does not come to the end of the handshake", async () => {
    await start({ firstBytesTimeoutMs: 50 });
    const socket = await connected();
    await once(socket, "close");
    expect(await isTaken()).toBe(true);
  });

  it("hears without complaint of who looks whether somebody listens", async () => {
    await start();
    for (const end of ["destroy", "end"] as const) {
      const socket = await connected();
      socket[end]();
      await once(socket, "close");
    }
    expect(await isTaken()).toBe(true);
    expect(echo.errors).toEqual([]);
  });

  it("says once why it refuses certificates, and to nobody but its own people", async () => {
    await start();
    const forged = await (await createAuthority()).issue({});
    expect([await isTaken(forged), await isTaken(forged)]).toEqual([false, false]);
    expect(echo.errors.map(String)).toEqual([
      expect.stringContaining("1 connections refused so far: the client's certificate is not valid"),
    ]);
    expect(await isTaken(await authority.issue({}))).toBe(true);
  });

  it("takes no more connections than it may", async () => {
    await start({ connectionsMax: 1 });
    const [first, second] = [await connected(), await connected()];
    await once(second, "close");
    expect(first.destroyed).toBe(false);
    expect(echo.errors.map(String)).toEqual([expect.stringContaining("there are 1 already")]);
  });
});

describe("when a port with TLS closes", () => {
  it("calls come to their end, and who has said nothing is sent away", async () => {
    await start();
    const silent = await connected();
    const client = session();
    const answer = waiting(client);
    await eventually(() => expect(echo.calls.running).toBe(1));
    const closed = echo.close(20_000);
    await once(silent, "close");
    echo.release();
    expect(await answer).toBe('"wait"');
    await closed;
    expect(client.destroyed || client.closed).toBe(true);
  });

  it("what is left when its time is over is ended", async () => {
    await start();
    const client = session();
    waiting(client).catch(() => {});
    await eventually(() => expect(echo.calls.running).toBe(1));
    const closed = once(client, "close");
    await echo.close(50);
    await closed;
  });
});
