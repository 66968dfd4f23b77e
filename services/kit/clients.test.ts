import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Call, currentCall, runInBackground } from "./call.ts";
import { implement } from "./implementation.ts";
import type { Kit, Main } from "./kit.ts";
import { reasonOf } from "./testing/call.ts";
import { type EchoService, echoContract, HURRY_MS } from "./testing/contract.ts";
import { eventually } from "./testing/eventually.ts";
import { fakeMain } from "./testing/fake.ts";
import { startTestMesh, type TestMesh } from "./testing/mesh.ts";

/** The service that people reach, and the one behind it that it calls. */
const Front = echoContract("front.order.v1");
const Back = echoContract("back.product.v1");

type Handlers = Parameters<typeof fakeMain<EchoService>>[1];
type Next = ReturnType<typeof backOf>;
const backOf = (kit: Kit) => kit.client(Back);

let mesh: TestMesh;
afterEach(() => mesh.close());

/** Starts both; the front's handlers get their client of the back. */
async function start(front: (back: Next) => Handlers, back: Handlers): Promise<void> {
  const order: Main = (kit) => fakeMain(Front, front(backOf(kit)))(kit);
  mesh = await startTestMesh({ product: fakeMain(Back, back), order }, { postgresUrl: "postgres://nobody" });
}

const front = () => mesh.client(Front);

/** Waits for the end of a call without ending it. */
const aborted = (call: Call | undefined) =>
  new Promise<never>((_, reject) => call?.signal.addEventListener("abort", () => reject(call.signal.reason)));

async function failureOf(promise: Promise<unknown>): Promise<{ code: string | undefined; reason: string | undefined }> {
  const error = await promise.then(
    () => undefined,
    (it: unknown) => it,
  );
  if (error === undefined) return { code: "OK", reason: undefined };
  return { code: Code[ConnectError.from(error).code], reason: reasonOf(error) };
}

/** What a call brought with it, as its handler sees it. */
function brought() {
  const call = currentCall();
  return {
    caller: call?.caller,
    user: call?.user?.userId,
    traceId: call?.trace.traceId,
    spanId: call?.trace.spanId,
    requestId: call?.requestId,
    leftMs: call?.deadlineMs === undefined ? undefined : call.deadlineMs - performance.now(),
  };
}

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const headersOf = (token: string) => ({
  authorization: `Bearer ${token}`,
  traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
  "x-request-id": "request-4711",
});

describe("a call made on behalf of another", () => {
  it("carries the user, the trace and the request's id, and the caller's own name", async () => {
    const seen: Record<string, ReturnType<typeof brought>> = {};
    await start(
      (back) => ({
        async say(request) {
          seen.front = brought();
          return back.say(request);
        },
        async *watch(request) {
          yield* back.watch(request);
        },
      }),
      {
        say: (request) => {
          seen.back = brought();
          return request;
        },
        async *watch(request) {
          seen.stream = brought();
          yield request;
        },
      },
    );
    const { token } = mesh.as("customer", "ada");
    await front().say({ value: "" }, { headers: headersOf(token) });
    for await (const _ of front().watch({ value: "" }, { headers: headersOf(token) }));
    for (const end of [seen.back, seen.stream])
      expect(end).toMatchObject({ caller: "order", user: "ada", traceId: TRACE, requestId: "request-4711" });
    expect(seen.front?.spanId).not.toBe(seen.back?.spanId);
  });

  it("has the time that the first caller has left, or its own contract's if that is shorter", async () => {
    const left: (number | undefined)[] = [];
    await start(
      (back) => ({
        async say(request) {
          await back.hurry(request);
          return back.say(request);
        },
      }),
      {
        say: (request) => {
          left.push(brought().leftMs);
          return request;
        },
        hurry: (request) => {
          left.push(brought().leftMs);
          return request;
        },
      },
    );
    await front().say({ value: "" }, { timeoutMs: 7_000 });
    expect(left[0]).toBeLessThanOrEqual(HURRY_MS);
    expect(left[1]).toBeGreaterThan(HURRY_MS);
    expect(left[1]).toBeLessThanOrEqual(7_000);
  });

  it.each(["hurry", "say"] as const)(
    "ends with it when the time of %s is over: DEADLINE_EXCEEDED, from the first caller's side",
    async (name) => {
      const ended = vi.fn();
      const wait = () => aborted(currentCall()).finally(ended);
      await start((back) => ({ say: (it) => back.say(it), hurry: (it) => back.say(it) }), { say: wait });
      const options = name === "say" ? { timeoutMs: 150 } : {};
      const failure = await failureOf(front()[name]({ value: "" }, options));
      expect(failure.code).toBe("DeadlineExceeded");
      await eventually(() => expect(ended).toHaveBeenCalledTimes(1));
    },
  );

  it("ends when the first caller goes away", async () => {
    const leave = new AbortController();
    const reasons: unknown[] = [];
    await start((back) => ({ say: (request) => back.say(request) }), {
      say: () => {
        leave.abort();
        return aborted(currentCall()).catch((error: unknown) => {
          reasons.push(error);
          throw error;
        });
      },
    });
    expect(await failureOf(front().say({ value: "" }, { signal: leave.signal }))).toMatchObject({ code: "Canceled" });
    await eventually(() => expect(reasons).toHaveLength(1));
    expect(ConnectError.from(reasons[0]).code).toBe(Code.Canceled);
  });

  it("that the first did not wait for ends with it, so that nothing is done for nobody", async () => {
    const ended = vi.fn();
    await start(
      (back) => ({
        async say(request) {
          back.say(request).catch(() => {});
          await back.hurry(request);
          return request;
        },
      }),
      { say: () => aborted(currentCall()).finally(ended), hurry: (request) => request },
    );
    await front().say({ value: "" });
    await eventually(() => expect(ended).toHaveBeenCalledTimes(1));
  });

  it("that streams ends as soon as nobody asks for more", async () => {
    const ended = vi.fn();
    await start(
      (back) => ({
        async say(request) {
          for await (const it of runInBackground(() => back.watch(request))) return it;
          return request;
        },
      }),
      {
        async *watch(request) {
          try {
            yield request;
            await aborted(currentCall());
          } finally {
            ended();
          }
        },
      },
    );
    expect(await front().say({ value: "first" })).toMatchObject({ value: "first" });
    await eventually(() => expect(ended).toHaveBeenCalledTimes(1));
  });

  it("in the background carries nothing and lives on", async () => {
    const seen: ReturnType<typeof brought>[] = [];
    let proceed = () => {};
    const allowed = new Promise<void>((resolve) => (proceed = resolve));
    const done: Promise<unknown>[] = [];
    await start(
      (back) => ({
        say: (request) => {
          done.push(runInBackground(() => back.say(request)));
          return request;
        },
      }),
      {
        async say(request) {
          seen.push(brought());
          await allowed;
          return request;
        },
      },
    );
    const { token } = mesh.as("customer", "ada");
    await front().say({ value: "kept" }, { headers: headersOf(token), timeoutMs: 5_000 });
    proceed();
    expect(await done[0]).toMatchObject({ value: "kept" });
    expect(seen[0]).toMatchObject({ caller: "order", user: undefined });
    expect([seen[0]?.traceId, seen[0]?.requestId]).not.toEqual([TRACE, "request-4711"]);
    expect(seen[0]?.leftMs).toBeGreaterThan(5_000);
  });

  it("leaves nothing behind on a signal that lives longer than the calls", async () => {
    const life = new AbortController();
    const add = vi.spyOn(life.signal, "addEventListener");
    const remove = vi.spyOn(life.signal, "removeEventListener");
    await start((back) => ({ say: (request) => back.say(request, { signal: life.signal }) }), { say: (it) => it });
    for (let at = 0; at < 5; at++) await front().say({ value: "" });
    for (const [type, listener] of add.mock.calls)
      expect(remove.mock.calls.some((it) => it[0] === type && it[1] === listener)).toBe(true);
  });
});

describe("the answers of a called service", () => {
  it("reach the first caller if they are answers, and are opaque if they are troubles", async () => {
    const thrown = {
      refuse: new ConnectError("secret", Code.PermissionDenied),
      break: new Error("secret"),
      notHere: new ConnectError("secret", Code.Unimplemented),
    };
    await start((back) => ({ say: (request) => back.say(request) }), {
      say: ({ value }) => {
        throw thrown[value as keyof typeof thrown];
      },
    });
    for (const value of Object.keys(thrown))
      expect(await failureOf(front().say({ value }))).toEqual({ code: "Internal", reason: "INTERNAL" });
  });
});

describe("a called service that is away", () => {
  const passOn = (back: Next): Handlers => ({ say: (request) => back.say(request) });
  const echo: Handlers = { say: (request) => request };
  const call = async () => (await failureOf(front().say({ value: "" }, { timeoutMs: 15_000 }))).code;

  /** A mesh whose called service keeps its port when it starts again. */
  async function startOnPort(): Promise<{ restart: () => Promise<unknown> }> {
    await start(passOn, echo);
    const port = Number(new URL(mesh.url("product")).port);
    const ports = mesh.shared.settings.ports as Record<string, number>;
    ports.product = port;
    return { restart: () => mesh.start("product", fakeMain(Back, echo)) };
  }

  it("fails its callers at once, with a reason they may act on", async () => {
    await start(passOn, echo);
    const { port } = new URL(mesh.url("product"));
    await mesh.stop("product");
    mesh.shared.addresses.set("product", `http://127.0.0.1:${port}`);
    for (let at = 0; at < 3; at++) {
      expect(await failureOf(front().say({ value: "" }))).toEqual({
        code: "Unavailable",
        reason: "DEPENDENCY_UNAVAILABLE",
      });
    }
  });

  it("is reached again by the same client as soon as it is back, as often as it goes", async () => {
    const { restart } = await startOnPort();
    for (let round = 0; round < 3; round++) {
      expect(await call()).toBe("OK");
      await mesh.stop("product");
      expect(await call()).toBe("Unavailable");
      await restart();
      expect(await call()).toBe("OK");
    }
  });

  it("is found where it is now", async () => {
    await start(passOn, echo);
    expect(await call()).toBe("OK");
    await mesh.stop("product");
    await mesh.start("product", fakeMain(Back, echo)); // on another port
    expect(await call()).toBe("OK");
  });

  it("that nobody knows the place of is away like any other", async () => {
    await start(passOn, echo);
    await mesh.stop("product");
    expect(await failureOf(front().say({ value: randomUUID() }))).toEqual({
      code: "Unavailable",
      reason: "DEPENDENCY_UNAVAILABLE",
    });
  });
});

describe("a client", () => {
  it("of a service that all workloads have goes to the one that is named", async () => {
    const name =
      (workload: string): Main =>
      (kit) =>
        kit.serve({
          services: [
            implement(
              Back,
              Object.fromEntries(Back.methods.map((it) => [it.localName, () => ({ value: workload })])) as never,
            ),
          ],
          ready: async () => {},
        });
    let kit: Kit | undefined;
    const order: Main = (it) => {
      kit = it;
      return name("order")(it);
    };
    mesh = await startTestMesh(
      { product: name("product"), cart: name("cart"), order },
      { postgresUrl: "postgres://nobody" },
    );
    const values = [kit?.client(Back), kit?.client(Back, "product"), kit?.client(Back, "cart")].map((it) =>
      it?.say({}),
    );
    expect((await Promise.all(values)).map((it) => it?.value)).toEqual(["product", "product", "cart"]);
  });
});
