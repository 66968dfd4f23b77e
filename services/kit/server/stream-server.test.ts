import http2 from "node:http2";
import net from "node:net";
import { PassThrough } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createTokenVerifier } from "../identity/access-token.ts";
import { createProofs, proofIdentity } from "../identity/proof.ts";
import { implement } from "../implementation.ts";
import { createLogger } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import type { Served } from "../plain-http.ts";
import { serve } from "../serve.ts";
import { echoContract } from "../testing/contract.ts";
import { eventually } from "../testing/eventually.ts";

const Echo = echoContract();
const BIG = "x".repeat(200_000);
const running = { count: 0 };

/** Sends without end, as fast as the client reads. */
async function* flood() {
  running.count += 1;
  try {
    for (;;) yield { value: BIG };
  } finally {
    running.count -= 1;
  }
}

const unary = () => ({ value: BIG });
const methods = Object.fromEntries(Echo.methods.map((it) => [it.localName, it.methodKind === "unary" ? unary : flood]));

const lines = new PassThrough();
let served: Served;
beforeAll(async () => {
  const deps = {
    workload: "product",
    host: "127.0.0.1",
    port: 0,
    log: createLogger({ level: "warn", environment: "prod" }, lines),
    metrics: createMetrics("product"),
    enableMetrics: true,
    enableReflection: true,
    identity: proofIdentity(createProofs(Buffer.alloc(32)), "product"),
    tokens: createTokenVerifier(async () => ({ keys: [] })),
  };
  served = await serve(deps, { services: [implement(Echo, methods as never)], ready: async () => {} });
});
afterAll(() => served.close());

const noise = vi.spyOn(console, "error");
beforeEach(() => void noise.mockClear());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
// Connect's envelope around the JSON text "".
const enveloped = Buffer.from([0, 0, 0, 0, 2, 0x22, 0x22]);
const bodies = { Say: Buffer.from('""'), Watch: enveloped };
const types = { Say: "application/json", Watch: "application/connect+json" };
type Rpc = keyof typeof bodies;

/** Sends part of a call by HTTP/1.1, reads for a moment or not, and goes. */
async function byHttp1(rpc: Rpc, share: number, reads: boolean, resets: boolean): Promise<void> {
  const socket = net.connect(served.port, "127.0.0.1");
  socket.on("error", () => {});
  if (reads) socket.resume();
  const body = bodies[rpc];
  socket.write(`POST /${Echo.typeName}/${rpc} HTTP/1.1\r\nhost: a\r\ncontent-type: ${types[rpc]}\r\n`);
  socket.write(`content-length: ${body.length}\r\n\r\n`);
  socket.write(body.subarray(0, Math.floor(body.length * share)));
  await pause(60);
  if (resets) socket.resetAndDestroy();
  else socket.destroy();
}

async function byHttp2(rpc: Rpc, share: number, reads: boolean, resets: boolean): Promise<void> {
  const session = http2.connect(`http://127.0.0.1:${served.port}`);
  session.on("error", () => {});
  const headers = { ":method": "POST", ":path": `/${Echo.typeName}/${rpc}`, "content-type": types[rpc] };
  const stream = session.request(headers);
  stream.on("error", () => {});
  if (reads) stream.resume();
  const body = bodies[rpc];
  if (share === 1) stream.end(body);
  else stream.write(body.subarray(0, Math.floor(body.length * share)));
  await pause(60);
  if (resets) stream.close(http2.constants.NGHTTP2_CANCEL);
  else session.destroy();
  await pause(5);
  session.destroy();
}

const ways = { "HTTP/1.1": byHttp1, "HTTP/2": byHttp2 };
const cases = Object.keys(ways).flatMap((version) =>
  (["Say", "Watch"] as const).flatMap((rpc) =>
    [0, 0.5, 1].flatMap((share) =>
      [true, false].flatMap((reads) => [true, false].map((resets) => ({ version, rpc, share, reads, resets }))),
    ),
  ),
);

describe("clients who do not come to the end of their request", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it("are let go after a while; an answer may take its time", async () => {
    const session = http2.connect(`http://127.0.0.1:${served.port}`);
    const [half, whole] = (
      [
        [0.5, "Say"],
        [1, "Watch"],
      ] as const
    ).map(([share, rpc]) => {
      const headers = { ":method": "POST", ":path": `/${Echo.typeName}/${rpc}`, "content-type": types[rpc] };
      const stream = session.request(headers).on("error", () => {});
      stream.write(bodies[rpc].subarray(0, bodies[rpc].length * share));
      if (share === 1) stream.end();
      return stream;
    });
    await new Promise((resolve) => whole?.once("response", resolve)); // both have arrived
    vi.advanceTimersByTime(59_000);
    await new Promise((resolve) => session.ping(resolve));
    expect([half?.closed, whole?.closed]).toEqual([false, false]);
    vi.advanceTimersByTime(2_000);
    vi.useRealTimers();
    await eventually(() => expect(half?.closed).toBe(true));
    expect(whole?.closed).toBe(false);
    session.destroy();
  });
});

describe("clients who go away", () => {
  it("at any moment of a call end its handler and make no noise", async () => {
    await Promise.all(
      cases.map(({ version, rpc, share, reads, resets }) =>
        ways[version as keyof typeof ways](rpc, share, reads, resets),
      ),
    );
    await eventually(() => expect(running.count).toBe(0));
    await pause(20);
    expect(noise.mock.calls).toEqual([]);
    expect(String(lines.read() ?? "")).toBe("");
    expect((await fetch(`http://127.0.0.1:${served.port}/health`)).status).toBe(200);
  });
});
