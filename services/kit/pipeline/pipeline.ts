import { randomUUID } from "node:crypto";
import type { DescMethod, Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Logger } from "pino";
import { type Call, type Outcome, runInCall } from "../call.ts";
import { toConnectError } from "../failure.ts";
import { OUTSIDE } from "../identity/workload.ts";
import { policyOf } from "../policy.ts";
import { deadlineExceeded } from "./deadline.ts";
import { continueTrace, TRACE_HEADER } from "./trace.ts";

/**
 * One concern of the pipeline: looks at the call before the handler does, throws to refuse it, and registers with
 * `call.onEnd` what it wants to do when the call is over. Synchronous where it can be.
 */
export type Step = (call: Call) => void | Promise<void>;

/** What the protocol handling knows of a call. */
export interface Incoming {
  readonly method: DescMethod;
  readonly message: Message | undefined;
  readonly header: Headers;
  readonly responseHeader: Headers;
  readonly peerAddress: string;
  readonly callerTimeoutMs: number | undefined;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
}

/** Takes calls through the steps to the handler. Knows nothing of protocols. */
export interface Pipeline {
  unary<T>(incoming: Incoming, handler: (call: Call) => Promise<T> | T): Promise<T>;
  stream<T>(incoming: Incoming, handler: (call: Call) => AsyncIterable<T>): AsyncIterable<T>;
}

// Timers may fire a little before the time.
const DEADLINE_SLACK_MS = 10;
const REQUEST_ID = /^[\w-]{8,64}$/;

function begin(incoming: Incoming, log: Logger): Call {
  const { header } = incoming;
  const given = header.get("x-request-id");
  const trace = continueTrace(header.get(TRACE_HEADER));
  const requestId = given !== null && REQUEST_ID.test(given) ? given : randomUUID();
  return {
    method: incoming.method,
    policy: policyOf(incoming.method),
    message: incoming.message,
    header,
    responseHeader: incoming.responseHeader,
    peerAddress: incoming.peerAddress,
    callerTimeoutMs: incoming.callerTimeoutMs,
    startMs: performance.now(),
    requestId,
    trace,
    caller: OUTSIDE,
    user: undefined,
    clientAddress: incoming.peerAddress,
    deadlineMs: undefined,
    abort: new AbortController(),
    log,
    onEnd: [],
  };
}

async function enter(call: Call, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    const result = step(call);
    if (result !== undefined) await result;
  }
}

/** Ends a call that was answered. */
function succeed(call: Call): void {
  finish(call, { code: 0, error: undefined });
}

/** Ends a call that failed; returns what goes over the wire. */
function fail(call: Call, error: unknown): ConnectError {
  const mapped = toConnectError(ranOut(error, call) ? deadlineExceeded(call) : error, call.requestId);
  // The mapped error's cause is the failure, whose cause is what lies behind it.
  finish(call, { code: mapped.code, error: mapped.cause ?? mapped });
  return mapped;
}

function finish(call: Call, outcome: Omit<Outcome, "durationMs">): void {
  const durationMs = performance.now() - call.startMs;
  for (const hook of call.onEnd.toReversed()) hook({ ...outcome, durationMs });
}

/** Whether it failed since the call's own time is over, and a service it called noticed first. */
function ranOut(error: unknown, call: Call): boolean {
  const late = error instanceof ConnectError && error.code === Code.DeadlineExceeded;
  return late && call.deadlineMs !== undefined && performance.now() >= call.deadlineMs - DEADLINE_SLACK_MS;
}

/** Rejects when the call is aborted: a handler that does not listen to the signal must not hold the caller. */
function aborted(signal: AbortSignal): { promise: Promise<never>; release(): void } {
  let listener = () => {};
  const promise = new Promise<never>((_, reject) => {
    listener = () => reject(signal.reason);
    if (signal.aborted) listener();
    else signal.addEventListener("abort", listener, { once: true });
  });
  promise.catch(() => {}); // may be rejected after the race is over
  return { promise, release: () => signal.removeEventListener("abort", listener) };
}

function follow(incoming: Incoming, call: Call): void {
  const onAbort = () => {
    const { reason } = incoming.signal;
    // The protocol handling keeps the caller's deadline too, and may be first.
    const late = reason instanceof ConnectError && reason.code === Code.DeadlineExceeded;
    call.abort.abort(late ? deadlineExceeded(call) : new ConnectError("The caller went away.", Code.Canceled));
  };
  if (incoming.signal.aborted) onAbort();
  else incoming.signal.addEventListener("abort", onAbort, { once: true });
  call.onEnd.push(() => {
    incoming.signal.removeEventListener("abort", onAbort);
    // Frees whatever still waits on behalf of the call.
    call.abort.abort(new ConnectError("The call is over.", Code.Canceled));
  });
}

/** A pipeline of these steps, run in their order. */
export function createPipeline(steps: readonly Step[], log: Logger): Pipeline {
  return {
    async unary(incoming, handler) {
      const call = begin(incoming, log);
      follow(incoming, call);
      const race = aborted(call.abort.signal);
      let response: Awaited<ReturnType<typeof handler>>;
      try {
        await Promise.race([race.promise, enter(call, steps)]);
        response = await Promise.race([race.promise, runInCall(call, async () => handler(call))]);
      } catch (error) {
        race.release();
        throw fail(call, error);
      }
      race.release();
      succeed(call);
      return response;
    },
    async *stream(incoming, handler) {
      const call = begin(incoming, log);
      follow(incoming, call);
      const race = aborted(call.abort.signal);
      // Not awaited: a handler that waits for something learns of the end by its signal.
      let release = () => {};
      // A consumer that stops asking went away; nothing else leaves this as it is.
      let ending: () => void = () => fail(call, new ConnectError("The caller went away.", Code.Canceled));
      try {
        await Promise.race([race.promise, enter(call, steps)]);
        const iterator = runInCall(call, () => handler(call)[Symbol.asyncIterator]());
        release = () => void iterator.return?.(undefined)?.catch(() => {});
        for (;;) {
          const next = await Promise.race([race.promise, runInCall(call, () => iterator.next())]);
          if (next.done === true) break;
          try {
            yield next.value;
          } catch (cause) {
            // The consumer throws back what it could not write.
            throw new ConnectError("The caller went away.", Code.Canceled, undefined, undefined, cause);
          }
        }
        ending = () => succeed(call);
      } catch (error) {
        ending = () => {
          throw fail(call, error);
        };
      } finally {
        race.release();
        try {
          ending();
        } finally {
          release();
        }
      }
    },
  };
}
