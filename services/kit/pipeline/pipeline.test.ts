import { inspect } from "node:util";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { pino } from "pino";
import { describe, expect, it, vi } from "vitest";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { type Call, currentCall, currentUser, type Outcome, runInBackground } from "../call.ts";
import { callFailure } from "../failure.ts";
import { endOf, incomingOf, reasonOf } from "../testing/call.ts";
import { echoContract, HURRY_MS } from "../testing/contract.ts";
import { deadline } from "./deadline.ts";
import { createPipeline, type Step } from "./pipeline.ts";

const { say, hurry, watch } = echoContract().method;
const never = () => new Promise<never>(() => {});

/** A pipeline with a deadline that notes how calls end. */
function observed(...steps: Step[]) {
  const outcomes: Outcome[] = [];
  const observe: Step = (call) => void call.onEnd.push((outcome) => outcomes.push(outcome));
  return {
    outcomes,
    pipeline: createPipeline({ admission: [observe, deadline()], checks: steps }, pino({ level: "silent" })),
  };
}

async function errorOf(work: () => Promise<unknown>): Promise<ConnectError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ConnectError) return error;
  }
  throw new Error("it did not fail with a ConnectError");
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = [];
  for await (const item of items) got.push(item);
  return got;
}

async function* from<T>(...items: (T | Error)[]): AsyncGenerator<T> {
  for (const item of items) {
    if (item instanceof Error) throw item;
    yield item;
  }
}

describe("a unary call", () => {
  it("goes through the steps in their order, then to the handler, and back through their ends", async () => {
    const seen: string[] = [];
    const step = (name: string, work: () => void | Promise<void> = () => {}): Step => {
      return async (call) => {
        call.onEnd.push(() => seen.push(`${name} ends`));
        await work();
        seen.push(name);
      };
    };
    const later = () => new Promise<void>((resolve) => setImmediate(resolve));
    const { pipeline, outcomes } = observed(step("one", later), step("two"));
    await pipeline.unary(incomingOf(say), () => void seen.push("handler"));
    expect(seen).toEqual(["one", "two", "handler", "two ends", "one ends"]);
    expect(outcomes).toEqual([{ code: 0, error: undefined, durationMs: expect.any(Number) }]);
  });

  it("that a step refuses reaches neither later steps nor the handler", async () => {
    const refuse: Step = () => {
      throw callFailure(ErrorReason.RATE_LIMITED, "no");
    };
    const reached = vi.fn();
    const { pipeline, outcomes } = observed(refuse, reached);
    expect(await endOf(() => pipeline.unary(incomingOf(say), reached))).toBe("RATE_LIMITED");
    expect(reached).not.toHaveBeenCalled();
    expect(outcomes.map((it) => it.code)).toEqual([Code.ResourceExhausted]);
  });

  it("is known to whatever the handler calls, and not to work in the background", async () => {
    const { pipeline } = observed();
    await pipeline.unary(incomingOf(say), async (call) => {
      await new Promise((resolve) => setImmediate(resolve));
      expect(currentCall()).toBe(call);
      expect(await runInBackground(async () => currentCall())).toBeUndefined();
      expect(await endOf(() => currentUser())).toBe("TOKEN_MISSING");
    });
    expect(currentCall()).toBeUndefined();
  });

  it.each([
    ["valid-id_1", true],
    ["short", false],
    ["x".repeat(65), false],
    ["with space", false],
    ["with%0d%0anewline", false],
  ])("keeps the request id %s of its caller: %s", async (id, kept) => {
    const { pipeline } = observed();
    const header = new Headers({ "x-request-id": id });
    const given = await pipeline.unary(incomingOf(say, { header }), (call) => call.requestId);
    expect(given === id).toBe(kept);
    expect(given).toMatch(/^[\w-]{8,64}$/);
  });
});

describe("time", () => {
  const cases = [
    ["the contract's time is over", hurry, undefined],
    ["the caller's time, shorter than the contract's, is over", say, 20],
    ["the caller allows more than the contract", hurry, 60_000],
    ["the caller's time was over before", say, -5],
    ["the caller of a stream does not wait longer", watch, 20],
  ] as const;
  it.each(cases)("%s: DEADLINE_EXCEEDED, whatever the handler does", async (_, method, callerTimeoutMs) => {
    const { pipeline, outcomes } = observed();
    let signal: AbortSignal | undefined;
    const handler = (call: Call) => {
      signal = call.signal;
      return never();
    };
    expect(await endOf(() => pipeline.unary(incomingOf(method, { callerTimeoutMs }), handler))).toBe(
      "DEADLINE_EXCEEDED",
    );
    expect(outcomes.map((it) => it.code)).toEqual([Code.DeadlineExceeded]);
    if (signal !== undefined) expect(reasonOf(signal.reason)).toBe("DEADLINE_EXCEEDED");
  });

  it("bounds the steps as well, and a handler whose time is over is not begun", async () => {
    const handler = vi.fn();
    const { pipeline } = observed(never);
    expect(await endOf(() => pipeline.unary(incomingOf(hurry), handler))).toBe("DEADLINE_EXCEEDED");
    const slow = observed((call) => new Promise((resolve) => call.signal.addEventListener("abort", () => resolve())));
    expect(await endOf(() => slow.pipeline.unary(incomingOf(hurry), handler))).toBe("DEADLINE_EXCEEDED");
    expect(handler).not.toHaveBeenCalled();
  });

  it("is said to be over when the protocol handling, or a service that was called, notices first", async () => {
    const late = new ConnectError("the operation timed out", Code.DeadlineExceeded);
    const { pipeline } = observed();
    const signal = AbortSignal.abort(late);
    expect(await endOf(() => pipeline.unary(incomingOf(say, { signal }), never))).toBe("DEADLINE_EXCEEDED");
    const noticed = (call: Call) =>
      new Promise<never>((_, reject) => setTimeout(reject, (call.deadlineMs ?? 0) - performance.now() - 1, late));
    expect(await endOf(() => pipeline.unary(incomingOf(hurry), noticed))).toBe("DEADLINE_EXCEEDED");
    // The own time is not over: it is the other service that is slow.
    expect(await endOf(() => pipeline.unary(incomingOf(say), () => Promise.reject(late)))).toBe(
      "DEPENDENCY_UNAVAILABLE",
    );
  });

  it("without a limit, or with one beyond all timers, lets a stream live", async () => {
    for (const callerTimeoutMs of [undefined, 1e14]) {
      const { pipeline, outcomes } = observed();
      const stream = pipeline.stream(incomingOf(watch, { callerTimeoutMs }), async function* () {
        yield 1;
        await new Promise((resolve) => setTimeout(resolve, HURRY_MS));
        yield 2;
      });
      expect(await all(stream)).toEqual([1, 2]);
      expect(outcomes.map((it) => it.code)).toEqual([0]);
    }
  });
});

describe("a caller who goes away", () => {
  it("ends the handler's work", async () => {
    const caller = new AbortController();
    const { pipeline, outcomes } = observed();
    let signal: AbortSignal | undefined;
    const answered = pipeline.unary(incomingOf(say, { signal: caller.signal }), (call) => {
      signal = call.signal;
      caller.abort();
      return never();
    });
    expect((await errorOf(() => answered)).code).toBe(Code.Canceled);
    expect(signal?.aborted).toBe(true);
    expect(outcomes.map((it) => it.code)).toEqual([Code.Canceled]);
  });

  it("before the call begins is not served", async () => {
    const handler = vi.fn();
    const { pipeline } = observed();
    const call = pipeline.unary(incomingOf(say, { signal: AbortSignal.abort() }), handler);
    expect((await errorOf(() => call)).code).toBe(Code.Canceled);
    expect(handler).not.toHaveBeenCalled();
  });

  it("leaves no listener and no timer behind when the call ended before", async () => {
    const caller = new AbortController();
    const remove = vi.spyOn(caller.signal, "removeEventListener");
    const add = vi.spyOn(caller.signal, "addEventListener");
    const { pipeline } = observed();
    await pipeline.unary(incomingOf(say, { signal: caller.signal }), () => {});
    await pipeline.unary(incomingOf(say, { signal: caller.signal }), () => Promise.reject(new Error())).catch(() => {});
    expect(add.mock.calls.length).toBe(2);
    expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(add.mock.calls.map(([, listener]) => listener));
    expect(process.getActiveResourcesInfo().filter((it) => it === "Timeout").length).toBeLessThan(5);
  });
});

const SECRET = "postgres://shop:hunter2@db";
const withInfos = (code: Code, count: number) => {
  const error = new ConnectError("as the other service says", code);
  for (let at = 0; at < count; at++)
    error.details.push({
      desc: ErrorInfoSchema,
      value: create(ErrorInfoSchema, { reason: "THEIRS", domain: "shop.x" }),
    });
  return error;
};

/** What may be thrown on the way, and what the caller is told of it. */
const THROWN: readonly [what: string, thrown: unknown, code: Code, reason: string][] = [
  ["a failure", callFailure(ErrorReason.USER_NOT_ALLOWED, "no"), Code.PermissionDenied, "USER_NOT_ALLOWED"],
  ["an error", new Error(SECRET), Code.Internal, "INTERNAL"],
  ["an error by an error", new Error(SECRET, { cause: new Error(SECRET) }), Code.Internal, "INTERNAL"],
  ["a text", SECRET, Code.Internal, "INTERNAL"],
  ["an object", { code: 5, message: SECRET }, Code.Internal, "INTERNAL"],
  ["nothing", undefined, Code.Internal, "INTERNAL"],
  ["null", null, Code.Internal, "INTERNAL"],
  ["an AbortError", new DOMException(SECRET, "AbortError"), Code.Internal, "INTERNAL"],
  ["another service's fault", new ConnectError(SECRET, Code.Internal), Code.Internal, "INTERNAL"],
  ["another service's refusal of us", withInfos(Code.PermissionDenied, 1), Code.Internal, "INTERNAL"],
  ["another service's not knowing", new ConnectError(SECRET, Code.Unimplemented), Code.Internal, "INTERNAL"],
  ["another service away", new ConnectError(SECRET, Code.Unavailable), Code.Unavailable, "DEPENDENCY_UNAVAILABLE"],
  ["another service slow", new ConnectError(SECRET, Code.DeadlineExceeded), Code.Unavailable, "DEPENDENCY_UNAVAILABLE"],
  ["another service full", withInfos(Code.ResourceExhausted, 1), Code.Unavailable, "DEPENDENCY_UNAVAILABLE"],
  ["another service's answer", withInfos(Code.NotFound, 1), Code.NotFound, "THEIRS"],
  ["another service's precondition", withInfos(Code.FailedPrecondition, 1), Code.FailedPrecondition, "THEIRS"],
  ["an answer without a reason", new ConnectError(SECRET, Code.NotFound), Code.Internal, "INTERNAL"],
  ["an answer with two reasons", withInfos(Code.NotFound, 2), Code.Internal, "INTERNAL"],
];

describe("a failure", () => {
  it.each(THROWN)(
    "%s: a status with exactly one reason, and nothing of what lies behind",
    async (_, thrown, code, reason) => {
      const unary = observed();
      const stream = observed();
      const errors = [
        await errorOf(() => unary.pipeline.unary(incomingOf(say), () => Promise.reject(thrown))),
        await errorOf(() =>
          all(
            stream.pipeline.stream(incomingOf(watch), async function* () {
              yield 1;
              throw thrown;
            }),
          ),
        ),
      ];
      for (const error of errors) {
        expect({ code: error.code, reason: reasonOf(error) }).toEqual({ code, reason });
        const told = [error.message, error.details.map((it) => ("value" in it ? it.value : it))];
        expect(inspect(told, { depth: 9 })).not.toContain("hunter2");
      }
      for (const { outcomes } of [unary, stream]) expect(outcomes.map((it) => it.code)).toEqual([code]);
    },
  );

  it("nobody expected tells the request's id, and the log its cause", async () => {
    const cause = new Error(SECRET);
    const { pipeline, outcomes } = observed();
    const header = new Headers({ "x-request-id": "request-4711" });
    const error = await errorOf(() => pipeline.unary(incomingOf(say, { header }), () => Promise.reject(cause)));
    expect(error.message).toContain("request-4711");
    expect(outcomes[0]).toHaveProperty("error.cause", cause);
  });
});

describe("a stream", () => {
  it("hands on what the handler yields, and its error after that", async () => {
    const { pipeline, outcomes } = observed();
    const got: number[] = [];
    const error = await errorOf(async () => {
      const handler = () => from(1, 2, callFailure(ErrorReason.USER_NOT_ALLOWED, "no more"));
      for await (const it of pipeline.stream(incomingOf(watch), handler)) got.push(it);
    });
    expect([got, reasonOf(error)]).toEqual([[1, 2], "USER_NOT_ALLOWED"]);
    expect(outcomes).toHaveLength(1);
  });

  it("left early by its consumer ends once, with the handler's work cleaned up", async () => {
    const { pipeline, outcomes } = observed();
    const cleaned = vi.fn();
    let signal: AbortSignal | undefined;
    const stream = pipeline.stream(incomingOf(watch), async function* (call) {
      signal = call.signal;
      try {
        for (let at = 0; ; at++) yield at;
      } finally {
        cleaned();
      }
    });
    for await (const it of stream) if (it === 2) break;
    expect(outcomes.map((it) => it.code)).toEqual([Code.Canceled]);
    expect(signal?.aborted).toBe(true);
    await vi.waitFor(() => expect(cleaned).toHaveBeenCalledTimes(1));
  });

  it("that cannot be written is one whose caller went away, not a fault", async () => {
    const { pipeline, outcomes } = observed();
    const cleaned = vi.fn();
    const stream = pipeline.stream(incomingOf(watch), async function* () {
      try {
        yield 1;
        yield 2;
      } finally {
        cleaned();
      }
    });
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.throw?.(new Error("write ECONNRESET")).catch(() => {});
    expect(outcomes.map((it) => it.code)).toEqual([Code.Canceled]);
    await vi.waitFor(() => expect(cleaned).toHaveBeenCalledTimes(1));
  });

  it("whose caller goes away while the handler waits ends once, at once", async () => {
    const caller = new AbortController();
    const { pipeline, outcomes } = observed();
    const error = await errorOf(async () => {
      const stream = pipeline.stream(incomingOf(watch, { signal: caller.signal }), async function* () {
        yield 1;
        await never();
      });
      for await (const _ of stream) setImmediate(() => caller.abort());
    });
    expect(error.code).toBe(Code.Canceled);
    expect(outcomes).toHaveLength(1);
  });

  it("that a step refuses never begins", async () => {
    const { pipeline } = observed(() => Promise.reject(callFailure(ErrorReason.TOKEN_MISSING, "no")));
    const handler = vi.fn();
    expect(await endOf(() => all(pipeline.stream(incomingOf(watch), handler)))).toBe("TOKEN_MISSING");
    expect(handler).not.toHaveBeenCalled();
  });

  it("is part of its call all along", async () => {
    const { pipeline } = observed();
    const stream = pipeline.stream(incomingOf(watch), async function* (call) {
      for (let at = 0; at < 3; at++) {
        yield currentCall() === call;
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    expect(await all(stream)).toEqual([true, true, true]);
  });
});
