import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Logger } from "pino";
import { Call, type Incoming, runInCall } from "../call.ts";
import { deadlineExceeded } from "./deadline.ts";
import type { Step, Steps } from "./pipeline.ts";

/**
 * What the protocol handling does for a unary call when the pipeline tells it to. One of `answer` and `refuse` is the
 * last it is told, unless the caller went away before.
 */
export interface Exchange<T> extends Incoming {
  /** The call may be made: take in the request and tell the call with `received` or `fail`. */
  receive(call: UnaryCall<T>): void;
  /** Answers the request; what it throws or rejects with is what the call ends with. */
  handle(call: Call): T | PromiseLike<T>;
  /** Makes the answer ready to be sent; what it throws or rejects with is what the call ends with. */
  encode(response: T): void | Promise<void>;
  /** Sends the answer; what it throws before anything was sent is what the call ends with. */
  answer(): void;
  refuse(error: ConnectError): void;
}

// Timers may fire a little before the time.
const DEADLINE_SLACK_MS = 10;

/** Whether it failed since the call's own time is over, and a service it called noticed first. */
function ranOut(error: unknown, call: Call): boolean {
  const late = error instanceof ConnectError && error.code === Code.DeadlineExceeded;
  return late && call.deadlineMs !== undefined && performance.now() >= call.deadlineMs - DEADLINE_SLACK_MS;
}

/** Turns whatever a call failed with into what goes over the wire. */
export type ErrorMapping = (error: unknown, requestId: string) => ConnectError;

/** Ends a call that failed; returns what goes over the wire. */
export function failCall(call: Call, error: unknown, map: ErrorMapping): ConnectError {
  const mapped = map(ranOut(error, call) ? deadlineExceeded(call) : error, call.requestId);
  // The mapped error's cause is the failure, whose cause is what lies behind it.
  call.finish(mapped.code, mapped.cause ?? mapped);
  return mapped;
}

/** What a call ends with whose caller does not wait any more. */
export function callerGone(cause?: unknown): ConnectError {
  return new ConnectError("The caller went away.", Code.Canceled, undefined, undefined, cause);
}

function isPending<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** What is to be done when the steps have let the call through. */
type Then = "receive" | "handle";

/**
 * A unary call on its way through the pipeline. It goes as far as it can without waiting: a call whose steps and handler
 * answer at once makes no promise. A class with callbacks rather than an async function for that reason.
 */
export class UnaryCall<T> extends Call {
  readonly #exchange: Exchange<T>;
  readonly #steps: Steps;
  readonly #mapError: ErrorMapping;
  #over = false;

  constructor(exchange: Exchange<T>, steps: Steps, log: Logger, mapError: ErrorMapping) {
    super(exchange, log);
    this.#exchange = exchange;
    this.#steps = steps;
    this.#mapError = mapError;
  }

  /** Takes the call through the steps that need no request. */
  start(): void {
    if (!this.#over) this.#through(this.#steps.admission, 0, "receive");
  }

  /** The request is there. */
  received(message: Message | undefined): void {
    if (this.#over) return;
    this.isReceiving = false;
    this.message = message;
    this.#through(this.#steps.checks, 0, "handle");
  }

  /** Ends the call with whatever went wrong. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#exchange.refuse(failCall(this, error, this.#mapError));
  }

  /** The caller does not wait any more. */
  leave(): void {
    if (!this.#over) this.cancel(callerGone());
  }

  override cancel(reason: unknown): void {
    super.cancel(reason);
    this.fail(reason);
  }

  #through(steps: readonly Step[], from: number, then: Then): void {
    try {
      for (let at = from; at < steps.length; at++) {
        const pending = steps[at]?.(this);
        if (pending === undefined) continue;
        pending.then(
          () => this.#over || this.#through(steps, at + 1, then),
          (error: unknown) => this.fail(error),
        );
        return;
      }
      if (this.#over) return;
      if (then === "receive") this.#receive();
      else this.#handle();
    } catch (error) {
      this.fail(error);
    }
  }

  #receive(): void {
    this.isReceiving = true;
    this.#exchange.receive(this);
  }

  #handle(): void {
    const response = runInCall(this, handleExchange<T>, this.#exchange, this);
    if (isPending(response)) {
      response.then(
        (it) => this.#succeed(it),
        (error: unknown) => this.fail(error),
      );
    } else this.#succeed(response);
  }

  #succeed(response: T): void {
    if (this.#over) return;
    try {
      const pending = this.#exchange.encode(response);
      if (pending === undefined) this.#answer();
      else pending.then(() => this.#answer()).catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  #answer(): void {
    if (this.#over) return;
    this.#exchange.answer();
    this.#over = true;
    this.finish(0, undefined);
  }
}

function handleExchange<T>(exchange: Exchange<T>, call: Call): T | PromiseLike<T> {
  return exchange.handle(call);
}
