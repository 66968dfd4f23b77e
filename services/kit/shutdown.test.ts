import http from "node:http";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { currentCall } from "./call.ts";
import { createClients } from "./clients.ts";
import { type Main, type Running, startService } from "./kit.ts";
import { reasonOf } from "./testing/call.ts";
import { echoContract } from "./testing/contract.ts";
import { eventually } from "./testing/eventually.ts";
import { fakeMain } from "./testing/fake.ts";
import { startTestMesh, type TestMesh } from "./testing/mesh.ts";

const Echo = echoContract();
const LOOPS = 6;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let mesh: TestMesh;
beforeEach(async () => {
  mesh = await startTestMesh({}, { postgresUrl: "postgres://nobody" });
});
afterEach(() => mesh.close());

/** A replica that takes a little time for each call and notes which it began; the next one takes the same port. */
async function startReplica(begun: Set<string>): Promise<Running> {
  const main: Main = fakeMain(Echo, {
    async say({ value }) {
      begun.add(value);
      await sleep(value.charCodeAt(value.length - 1) % 12);
      return { value };
    },
  });
  const replica = await mesh.start("product", main);
  (mesh.shared.settings.ports as Record<string, number>).product = replica.port;
  return replica;
}

type Send = (value: string) => Promise<string>;

function errorCodes(error: unknown): unknown[] {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  return error === undefined ? [] : [code, ...errorCodes(cause)];
}

/**
 * Whether nobody took the connection: refused, or reset in the queue of a port that closes. The call never began, and
 * another replica may have it.
 */
function isRefused(error: unknown): boolean {
  const text = `${errorCodes(error)} ${error}`;
  return text.includes("ECONNREFUSED") || (text.includes("ECONNRESET") && !(error as { reused?: boolean }).reused);
}

function byGrpcJs(baseUrl: string): Send {
  const backoff = { "grpc.initial_reconnect_backoff_ms": 20, "grpc.max_reconnect_backoff_ms": 20 };
  const client = new grpc.Client(new URL(baseUrl).host, grpc.credentials.createInsecure(), backoff);
  const bytes = (it: Buffer) => it;
  return (value) =>
    new Promise((resolve, reject) => {
      const text = Buffer.from(value);
      const message = Buffer.concat([Buffer.from([10, text.length]), text]);
      client.makeUnaryRequest(`/${Echo.typeName}/Say`, bytes, bytes, message, (error, answer) =>
        error === null ? resolve(String(answer?.subarray(2))) : reject(error),
      );
    });
}

function byHttp1(baseUrl: string): Send {
  const agent = new http.Agent({ keepAlive: true, maxSockets: LOOPS });
  const options = { agent, method: "POST", headers: { "content-type": "application/json" } };
  return (value) =>
    new Promise((resolve, reject) => {
      const request = http.request(`${baseUrl}/${Echo.typeName}/Say`, options, async (response) => {
        let text = "";
        for await (const chunk of response.setEncoding("utf8")) text += chunk;
        resolve(JSON.parse(text) as string);
      });
      request.on("error", (error) => reject(Object.assign(error, { reused: request.reusedSocket })));
      request.end(JSON.stringify(value));
    });
}

function byOtherService(baseUrl: string): Send {
  const identity = { header: mesh.prove("order") };
  const client = createClients({ identity, addressOf: () => baseUrl }).client(Echo);
  return async (value) => (await client.say({ value })).value;
}

/** Ways to call that keep their connections. */
const WAYS = {
  "another service": byOtherService,
  "grpc-js": byGrpcJs,
  "HTTP/1.1": byHttp1,
};

describe("stopping under load", () => {
  it.each(Object.entries(WAYS))("fails no request by %s, and the next replica takes over", async (_, createSend) => {
    const begun = new Set<string>();
    const answered = new Set<string>();
    const failures: unknown[] = [];
    let replica = await startReplica(begun);
    const send = createSend(mesh.url("product"));
    let running = true;
    const loop = async (name: number) => {
      for (let at = 0; running; at++) {
        const value = `${name}-${at}`;
        try {
          expect(await send(value)).toBe(value);
          answered.add(value);
        } catch (error) {
          if (!isRefused(error)) failures.push(error);
          else if (begun.has(value)) failures.push(new Error(`${value} was begun and refused`));
          await sleep(2);
        }
      }
    };
    const loops = Array.from({ length: LOOPS }, (_, name) => loop(name));
    for (let round = 0; round < 3; round++) {
      const before = answered.size;
      await eventually(() => expect(answered.size).toBeGreaterThan(before + 30));
      replica.drain();
      const closed = replica.close();
      replica = await startReplica(begun);
      await closed;
    }
    const before = answered.size;
    await eventually(() => expect(answered.size).toBeGreaterThan(before + 30));
    running = false;
    await Promise.all(loops);
    expect(failures).toEqual([]);
    expect([...begun].filter((it) => !answered.has(it))).toEqual([]);
  });
});

const TRANSPORTS: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  gRPC: (baseUrl) => createGrpcTransport({ baseUrl }),
  "gRPC-Web over HTTP/1.1": (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  "Connect over HTTP/1.1": (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  "Connect over HTTP/2": (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" }),
};

describe.each(Object.entries(TRANSPORTS))("stopping, by %s,", (_, createTransport) => {
  it("waits for a slow call, and takes no new one", async () => {
    let finish = () => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    let arrived = false;
    const main = fakeMain(Echo, {
      async say(request) {
        arrived = true;
        await finished;
        return request;
      },
    });
    const replica = await mesh.start("product", main);
    const client = createClient(Echo, createTransport(mesh.url("product")));
    const slow = client.say({ value: "worth waiting for" });
    await eventually(() => expect(arrived).toBe(true));
    let closed = false;
    const closing = replica.close().then(() => (closed = true));
    await eventually(async () => expect(await client.say({ value: "new" }).catch(isRefused)).toBe(true));
    expect(closed).toBe(false);
    finish();
    expect((await slow).value).toBe("worth waiting for");
    await closing;
  });

  it("ends streams with a reason to call again, and their handlers", async () => {
    let ended = 0;
    const main = fakeMain(Echo, {
      async *watch(request) {
        try {
          yield request;
          const signal = currentCall()?.signal;
          await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
        } finally {
          ended += 1;
        }
      },
    });
    const replica = await mesh.start("product", main);
    const client = createClient(Echo, createTransport(mesh.url("product")));
    const got: string[] = [];
    let closing: Promise<void> | undefined;
    const watching = (async () => {
      for await (const { value } of client.watch({ value: "begun" })) {
        got.push(value);
        closing = replica.close();
      }
    })();
    const error = await watching.then(() => undefined, ConnectError.from);
    expect(got).toEqual(["begun"]);
    expect({ code: error?.code, reason: reasonOf(error) }).toEqual({ code: Code.Unavailable, reason: "SHUTTING_DOWN" });
    expect(error?.findDetails(RetryInfoSchema)).toHaveLength(1);
    await closing;
    expect(ended).toBe(1);
  });
});

describe("what a service opened", () => {
  it("is closed after its calls have ended, last first, even if one fails to close", async () => {
    const seen: string[] = [];
    const main: Main = async (kit) => {
      kit.onClose(() => void seen.push("first"));
      kit.onClose(() => Promise.reject(new Error("will not close")));
      kit.onClose(() => void seen.push("last"));
      await fakeMain(Echo, {
        async say(request) {
          seen.push("called");
          await sleep(50);
          seen.push("answered");
          return request;
        },
      })(kit);
    };
    const replica = await startService(mesh.shared, "product", main);
    const call = mesh.client(Echo).say({ value: "" });
    await eventually(() => expect(seen).toEqual(["called"]));
    await expect(replica.close()).rejects.toThrow("will not close");
    await call;
    expect(seen).toEqual(["called", "answered", "last", "first"]);
  });

  it("is closed when the start fails half-way, and the failure is the start's own", async () => {
    const seen: string[] = [];
    const main: Main = async (kit) => {
      kit.onClose(() => void seen.push("closed"));
      await fakeMain(Echo, {})(kit);
      throw new Error("no store");
    };
    await expect(startService(mesh.shared, "product", main)).rejects.toThrow("no store");
    expect(seen).toEqual(["closed"]);
    await expect(fetch(`${mesh.url("product")}/health`)).rejects.toThrow();
  });
});
