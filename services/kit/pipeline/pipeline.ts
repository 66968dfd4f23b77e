import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Logger } from "pino";
import { Call, type Incoming, runInCall } from "../call.ts";
import { type Failure, toConnectError } from "../failure.ts";
import { deadlineExceeded } from "./deadline.ts";
import { callerGone, type ErrorMapping, type Exchange, failCall, UnaryCall } from "./unary.ts";

/**
 * One concern of the pipeline: looks at the call before the handler does, throws to refuse it, and registers with
 * `call.onEnd` what it wants to do when the call is over. Synchronous where it can be.
 */
export type Step = (call: Call) => void | Promise<void>;

/** The steps in their order: those that need only the call's header, so that refusing is cheap, then those that need its message. */
export interface Steps {
  readonly admission: readonly Step[];
  readonly checks: readonly Step[];
}

/** A call whose protocol is handled elsewhere, which hands over promises and streams. */
export interface HandedOver extends Incoming {
  /** The request; undefined where the client streams. */
  readonly message: Message | undefined;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
}

/** Takes calls through the steps to the handler. Knows nothing of protocols. */
export interface Pipeline {
  /** A unary call with its protocol handling; returned so that it can be told when the caller leaves. */
  start<T>(exchange: Exchange<T>): UnaryCall<T>;
  /** A call with one answer. @throws ConnectError as it goes over the wire. */
  unary<T>(incoming: HandedOver, handler: (call: Call) => Promise<T> | T): Promise<T>;
  /**
   * A call with many answers.
   * @param failure what is wrong with the request, found before; the call ends with it if no step refuses it
   * @throws ConnectError as it goes over the wire.
   */
  stream<T>(incoming: HandedOver, handler: (call: Call) => AsyncIterable<T>, failure?: Failure): AsyncIterable<T>;
}

/** Rejects when the call is cancelled: a handler that does not listen to the signal must not hold the caller. */
function whenCancelled(call: Call): Promise<never> {
  const promise = new Promise<never>((_, reject) => void call.onCancel(reject));
  promise.catch(() => {}); // may be rejected after the race is over
  return promise;
}

/** Cancels the call when its caller goes away. @returns the way to stop following. */
function follow(signal: AbortSignal, call: Call): () => void {
  const onAbort = () => {
    const { reason } = signal;
    // The protocol handling keeps the caller's deadline too, and may be first.
    const late = reason instanceof ConnectError && reason.code === Code.DeadlineExceeded;
    call.cancel(late ? deadlineExceeded(call) : callerGone());
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return () => signal.removeEventListener("abort", onAbort);
}

async function enter(call: Call, { admission, checks }: Steps): Promise<void> {
  for (const step of [...admission, ...checks]) {
    const result = step(call);
    if (result !== undefined) await result;
  }
}

async function* streamCall<T>(
  call: Call,
  incoming: HandedOver,
  steps: Steps,
  mapError: ErrorMapping,
  handler: (call: Call) => AsyncIterable<T>,
): AsyncGenerator<T> {
  call.onEnd.push(follow(incoming.signal, call));
  const cancelled = whenCancelled(call);
  // Not awaited: a handler that waits for something learns of the end by its signal.
  let release = () => {};
  // A consumer that stops asking went away; nothing else leaves this as it is.
  let ending: () => void = () => failCall(call, callerGone(), mapError);
  try {
    await Promise.race([cancelled, enter(call, steps)]);
    const iterator = runInCall(call, () => handler(call)[Symbol.asyncIterator]());
    release = () => void iterator.return?.(undefined)?.catch(() => {});
    for (;;) {
      const next = await Promise.race([cancelled, runInCall(call, () => iterator.next())]);
      if (next.done === true) break;
      call.firstMessageMs ??= performance.now() - call.startMs;
      try {
        yield next.value;
      } catch (cause) {
        // The consumer throws back what it could not write.
        throw callerGone(cause);
      }
    }
    ending = () => call.finish(0, undefined);
  } catch (error) {
    ending = () => {
      throw failCall(call, error, mapError);
    };
  } finally {
    try {
      ending();
    } finally {
      release();
    }
  }
}

/**
 * A pipeline of these steps, run in their order.
 * @param mapError turns what a call failed with into what goes over the wire
 */
export function createPipeline(steps: Steps, log: Logger, mapError: ErrorMapping = toConnectError): Pipeline {
  const start = <T>(exchange: Exchange<T>) => {
    const call = new UnaryCall(exchange, steps, log, mapError);
    call.start();
    return call;
  };
  return {
    start,
    unary: <T>(incoming: HandedOver, handle: (call: Call) => Promise<T> | T) =>
      new Promise<T>((resolve, refuse) => {
        let response: T;
        const encode = (it: T) => {
          response = it;
        };
        const answer = () => resolve(response);
        const receive = (call: UnaryCall<T>) => call.received(incoming.message);
        const { method, policy, header, peer, callerTimeoutMs, signal } = incoming;
        const about = { method, policy, header, peer, callerTimeoutMs };
        const call = new UnaryCall<T>({ ...about, receive, handle, encode, answer, refuse }, steps, log, mapError);
        call.onEnd.push(follow(signal, call));
        call.start();
      }),
    stream(incoming, handler, failure) {
      const call = new Call(incoming, log);
      call.message = incoming.message;
      const fail: Step = () => {
        throw failure;
      };
      const all = failure === undefined ? steps : { admission: steps.admission, checks: [fail] };
      return streamCall(call, incoming, all, mapError, handler);
    },
  };
}
