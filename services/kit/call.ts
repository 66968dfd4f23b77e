import { AsyncLocalStorage } from "node:async_hooks";
import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { Logger } from "pino";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import type { Policy } from "#gen/shop/mesh/v1/policy_pb.js";
import { callFailure } from "./failure.ts";
import type { UserIdentity } from "./identity/access-token.ts";
import type { Trace } from "./pipeline/trace.ts";

/** How a call ended: the gRPC status code (0 is OK) and, if it failed, what was thrown. */
export interface Outcome {
  readonly code: number;
  readonly error: unknown;
  readonly durationMs: number;
}

/** One call on its way through the pipeline. Steps fill it in; handlers read it with `currentCall()`. */
export interface Call {
  readonly method: DescMethod;
  readonly policy: Policy;
  /** The request; undefined where the client streams. */
  readonly message: Message | undefined;
  readonly header: Headers;
  /** What goes back to the caller with the answer: cookies. */
  readonly responseHeader: Headers;
  /** Address of the peer's socket. */
  readonly peerAddress: string;
  readonly startMs: number;
  /** Milliseconds the caller allows, if it says so. */
  readonly callerTimeoutMs: number | undefined;
  /** Unique to the call, for people who ask about it. */
  requestId: string;
  trace: Trace;
  /** The calling workload, verified. */
  caller: string;
  /** On whose behalf the call is made, verified. */
  user: UserIdentity | undefined;
  /** Address of the person's machine, as the edge saw it. */
  clientAddress: string;
  /** When the call has to be answered, on the clock of `performance.now()`. */
  deadlineMs: number | undefined;
  /** Ends the handler's work: deadline, cancellation, shutdown. */
  readonly abort: AbortController;
  log: Logger;
  /** Run when the call is over, last registered first. */
  readonly onEnd: ((outcome: Outcome) => void)[];
}

const storage = new AsyncLocalStorage<Call>();

/** Runs a function as part of a call, so that `currentCall()` and clients within know it. */
export function runInCall<T>(call: Call, work: () => T): T {
  return storage.run(call, work);
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
