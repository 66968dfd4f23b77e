import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { DescMethod, Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Logger } from "pino";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import type { Policy } from "#gen/shop/mesh/v1/policy_pb.js";
import { callFailure } from "./failure.ts";
import type { UserIdentity } from "./identity/access-token.ts";
import { EDGE, type Peer } from "./identity/workload.ts";
import { continueTrace, TRACE_HEADER, type Trace } from "./pipeline/trace.ts";
import { methodName } from "./policy.ts";

/** How a call ended: the gRPC status code (0 is OK) and, if it failed, what was thrown. */
export interface Outcome {
  readonly code: number;
  readonly error: unknown;
  readonly durationMs: number;
}

/** What of a call's header is asked for; names in lower case. `Headers` is one. */
export interface CallHeader {
  get(name: string): string | null;
}

/** What the protocol handling knows of a call when its header is there. */
export interface Incoming {
  readonly method: DescMethod;
  readonly policy: Policy;
  readonly header: CallHeader;
  /** The other end of the connection. */
  readonly peer: Peer;
  /** Milliseconds the caller allows, if it says so. */
  readonly callerTimeoutMs: number | undefined;
}

// One for all, since making an error costs as much as all else here.
const OVER = new ConnectError("The call is over.", Code.Canceled);
const REQUEST_ID = /^[\w-]{8,64}$/;

/**
 * One call on its way through the pipeline. Steps fill it in; handlers read it with `currentCall()`. A class, since what
 * only some calls need (a trace, a logger, an AbortSignal) is made when it is first asked for.
 */
export class Call implements Incoming {
  readonly method: DescMethod;
  readonly policy: Policy;
  readonly header: CallHeader;
  readonly peer: Peer;
  readonly callerTimeoutMs: number | undefined;
  /** When its header was there, on the clock of `performance.now()`. */
  readonly startMs = performance.now();
  /** The request; undefined until it has been received, and where the client streams. */
  message: Message | undefined = undefined;
  /** Whether it waits for the rest of its request. */
  isReceiving = false;
  /** The calling workload, verified. */
  caller: string = EDGE;
  /** On whose behalf the call is made, verified. */
  user: UserIdentity | undefined = undefined;
  /** Address of the person's machine, as the edge saw it. */
  clientAddress: string;
  /** When the call has to be answered, on the clock of `performance.now()`. */
  deadlineMs: number | undefined = undefined;
  /** Milliseconds from its start to a stream's first message; undefined before, and of calls with one answer. */
  firstMessageMs: number | undefined = undefined;
  /** Run when the call is over, last registered first. */
  readonly onEnd: ((outcome: Outcome) => void)[] = [];
  readonly #log: Logger;
  #ownLog: Logger | undefined;
  #requestId: string | undefined;
  #trace: Trace | undefined;
  #controller: AbortController | undefined;
  #listeners: Set<(reason: unknown) => void> | undefined;
  #cancelled = false;
  #reason: unknown;

  constructor(incoming: Incoming, log: Logger) {
    this.method = incoming.method;
    this.policy = incoming.policy;
    this.header = incoming.header;
    this.peer = incoming.peer;
    this.callerTimeoutMs = incoming.callerTimeoutMs;
    this.clientAddress = incoming.peer.address;
    this.#log = log;
  }

  /** Unique to the call, for people who ask about it: the caller's if it gave one. */
  get requestId(): string {
    if (this.#requestId === undefined) {
      const given = this.header.get("x-request-id");
      this.#requestId = given !== null && REQUEST_ID.test(given) ? given : randomUUID();
    }
    return this.#requestId;
  }

  get trace(): Trace {
    this.#trace ??= continueTrace(this.header.get(TRACE_HEADER));
    return this.#trace;
  }

  /** A logger whose lines name the call. */
  get log(): Logger {
    this.#ownLog ??= this.#log.child({
      requestId: this.requestId,
      traceId: this.trace.traceId,
      method: methodName(this.method),
    });
    return this.#ownLog;
  }

  /** Aborts when nobody waits for the answer any more: deadline, cancellation, shutdown, or the call is over. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancelled) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Whether nobody waits for the answer any more. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Ends the work on the call; `reason` is what it ends with. The first reason counts. */
  cancel(reason: unknown): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener(reason);
  }

  /**
   * Tells of the cancellation, as `signal` does at a higher price; at once if that has been.
   * @returns the way not to be told.
   */
  onCancel(listener: (reason: unknown) => void): () => void {
    if (this.#cancelled) {
      listener(this.#reason);
      return () => {};
    }
    this.#listeners ??= new Set();
    const listeners = this.#listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** To be called once, when the outcome is known: tells all who asked, and frees whatever still waits for the call. */
  finish(code: number, error: unknown): void {
    const outcome = { code, error, durationMs: performance.now() - this.startMs };
    for (let at = this.onEnd.length - 1; at >= 0; at--) this.onEnd[at]?.(outcome);
    if (this.#controller === undefined && this.#listeners === undefined) this.#cancelled = true;
    else this.cancel(OVER);
  }
}

const storage = new AsyncLocalStorage<Call>();

/** Runs a function as part of a call, so that `currentCall()` and clients within know it. */
export function runInCall<T, A extends unknown[]>(call: Call, work: (...args: A) => T, ...args: A): T {
  return storage.run(call, work, ...args);
}

/** The call being served, or undefined in background work. */
export function currentCall(): Call | undefined {
  return storage.getStore();
}

/**
 * The user on whose behalf the current call is made.
 * @throws Failure TOKEN_MISSING where the contract allows a call without a user and there is none.
 */
export function currentUser(): UserIdentity {
  const user = storage.getStore()?.user;
  if (user === undefined) throw callFailure(ErrorReason.TOKEN_MISSING, "This call needs a token.");
  return user;
}

/** Runs work that outlives the current call: without its deadline, cancellation and user. */
export function runInBackground<T>(work: () => T): T {
  return storage.exit(work);
}
