import { AsyncLocalStorage } from "node:async_hooks";
import { create } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { TextService } from "./testing/echo.ts";
import { answer, type RawHandler, type RawServer, readText, startRawServer, textFrame } from "./testing/servers.ts";
import { createServiceTransport, type ServiceTransport, type ServiceTransportOptions } from "./transport.ts";
import type { Parent } from "./unary.ts";

const MAX_BYTES = 1_000;
const UNWRITABLE = Object.create(null) as string; // has no toString
const CONTRACT_MS = 4_000;
const LEFT_MS = 1_500;

/** A call that is being served, as far as the transport knows of one. */
class TestParent implements Parent {
  readonly controller = new AbortController();
  readonly signal = this.controller.signal;
  readonly listeners = new Set<(reason: unknown) => void>();
  readonly deadlineMs: number | undefined;
  constructor(leftMs?: number) {
    this.deadlineMs = leftMs === undefined ? undefined : performance.now() + leftMs;
  }
  onCancel(listener: (reason: unknown) => void): () => void {
    if (this.signal.aborted) listener(this.signal.reason);
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  cancel(reason: unknown): void {
    this.controller.abort(reason);
    for (const it of this.listeners) it(reason);
  }
}

const parents = new AsyncLocalStorage<TestParent>();
const echo: RawHandler = async (stream) => answer(stream, { body: textFrame(await readText(stream)) });
const hang: RawHandler = () => {};

let server: RawServer;
let transport: ServiceTransport;
let resets: (number | undefined)[];

async function start(handler: RawHandler, options: Partial<ServiceTransportOptions<TestParent>> = {}) {
  server = await startRawServer((stream, header, at) => {
    stream.once("close", () => resets.push(stream.rstCode));
    return handler(stream, header, at);
  });
  transport = createServiceTransport({
    baseUrls: server.url,
    parent: () => parents.getStore(),
    maxBytes: MAX_BYTES,
    ...options,
  });
  return createClient(TextService, transport);
}

beforeEach(() => {
  resets = [];
});
afterEach(async () => {
  transport.close();
  await server.close();
});

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => "OK",
    (error: unknown) => Code[ConnectError.from(error).code],
  );
const timeoutsSent = () => server.requests.map((it) => Number.parseInt(String(it["grpc-timeout"] ?? "0"), 10));

describe("the time a call has", () => {
  it.each([
    ["is nothing's if nobody limits it", {}, undefined, undefined, 0, 0],
    ["is its contract's", { timeoutMsOf: () => CONTRACT_MS }, undefined, undefined, CONTRACT_MS, CONTRACT_MS],
    ["is what its caller gives", {}, undefined, 800, 800, 800],
    [
      "is never more than its contract's",
      { timeoutMsOf: () => CONTRACT_MS },
      undefined,
      9_000,
      CONTRACT_MS,
      CONTRACT_MS,
    ],
    ["is what the call it is made for has left", { timeoutMsOf: () => CONTRACT_MS }, LEFT_MS, 9_000, 1, LEFT_MS],
  ])("%s", async (_, options, leftMs, timeoutMs, least, most) => {
    const client = await start(echo, options);
    await client.act({}); // connects, which takes of the call's time
    const call = () => client.act({}, timeoutMs === undefined ? {} : { timeoutMs });
    await (leftMs === undefined ? call() : parents.run(new TestParent(leftMs), call));
    expect(timeoutsSent()[1]).toBeGreaterThanOrEqual(least);
    expect(timeoutsSent()[1]).toBeLessThanOrEqual(most);
  });

  it("ends it, and the server learns of it", async () => {
    const client = await start(hang);
    expect(await codeOf(client.act({}, { timeoutMs: 50 }))).toBe("DeadlineExceeded");
    await eventually(() => expect(resets).toEqual([8]));
  });

  it("that is over lets nothing be sent", async () => {
    const client = await start(echo);
    expect(await parents.run(new TestParent(-1), () => codeOf(client.act({})))).toBe("DeadlineExceeded");
    expect(server.requests).toHaveLength(0);
  });
});

describe("cancellation", () => {
  it("by a signal ends the call, and the server learns of it", async () => {
    const client = await start(hang);
    const leave = new AbortController();
    const call = codeOf(client.act({}, { signal: leave.signal }));
    await eventually(() => expect(server.requests).toHaveLength(1));
    leave.abort();
    expect(await call).toBe("Canceled");
    await eventually(() => expect(resets).toEqual([8]));
  });

  it("of the call it is made for ends it with the same reason", async () => {
    const client = await start(hang);
    const parent = new TestParent();
    const call = parents.run(parent, () => codeOf(client.act({})));
    await eventually(() => expect(server.requests).toHaveLength(1));
    parent.cancel(new ConnectError("too late", Code.DeadlineExceeded));
    expect(await call).toBe("DeadlineExceeded");
    expect(parent.listeners.size).toBe(0);
    await eventually(() => expect(resets).toEqual([8]));
  });

  it("beforehand lets nothing be sent", async () => {
    const client = await start(echo);
    const parent = new TestParent();
    parent.cancel(new ConnectError("gone", Code.Canceled));
    expect(await codeOf(client.act({}, { signal: AbortSignal.abort() }))).toBe("Canceled");
    expect(await parents.run(parent, () => codeOf(client.act({})))).toBe("Canceled");
    expect(parent.listeners.size).toBe(0);
    expect(server.requests).toHaveLength(0);
  });

  it("is listened for only as long as the call lasts", async () => {
    const client = await start(echo);
    const parent = new TestParent(5_000);
    await parents.run(parent, () => client.act({}));
    expect(parent.listeners.size).toBe(0);
  });
});

describe("a request", () => {
  it("carries what the transport adds, and the caller's own metadata", async () => {
    const client = await start(echo, { metadata: () => ["x-own", "own"] });
    await client.act({}, { headers: { "X-Given": "given", "x-own": "forged", "x-bytes-bin": "AQI" } });
    for await (const _ of client.watch({}, { headers: { "X-Given": "given", "x-own": "forged" } }));
    for (const it of server.requests) expect(it).toMatchObject({ "x-own": "own", "x-given": "given", te: "trailers" });
    expect(server.requests[0]).toMatchObject({ ":method": "POST", "x-bytes-bin": "AQI" });
    expect(server.requests[0]?.[":path"]).toBe(`/${TextService.typeName}/Act`);
  });

  it.each([
    ["is too large", { value: "x".repeat(MAX_BYTES) }, "ResourceExhausted"],
    ["cannot be serialized", { value: UNWRITABLE }, "Internal"],
  ])("that %s is not sent", async (_, input, code) => {
    const client = await start(echo);
    expect(await codeOf(client.act(create(StringValueSchema, input)))).toBe(code);
    expect(server.requests).toHaveLength(0);
  });

  it("with metadata that HTTP/2 forbids fails alone", async () => {
    const client = await start(echo, { metadata: (_, given) => (given === undefined ? [] : ["x y", "z"]) });
    expect(await codeOf(client.act({}, { headers: {} }))).toBe("Internal");
    expect(await codeOf(client.act({}))).toBe("OK");
  });

  it("whose answer comes before it was read is reset", async () => {
    const client = await start((stream) => answer(stream), { maxBytes: 10_000_000 });
    const { value } = await client.act({ value: "x".repeat(5_000_000) });
    expect(value).toBe("answer");
  });
});

it("streams share the connections of the other calls, their time and their end", async () => {
  const client = await start((stream, _, at) => (at < 2 ? answer(stream) : undefined), {
    timeoutMsOf: () => CONTRACT_MS,
  });
  await client.act({});
  const values: string[] = [];
  for await (const it of client.watch({})) values.push(it.value);
  expect(values).toEqual(["answer"]);
  expect(server.sessions.size).toBe(1);
  expect(timeoutsSent()[1]).toBe(CONTRACT_MS);
  const parent = new TestParent();
  const stream = parents.run(parent, async () => {
    for await (const _ of client.watch({}));
  });
  await eventually(() => expect(server.requests).toHaveLength(3));
  parent.cancel(new ConnectError("gone", Code.Canceled));
  expect(await codeOf(stream)).toBe("Canceled");
});
