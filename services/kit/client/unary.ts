import type { DescMessage, DescMethodUnary } from "@bufbuild/protobuf";
import type { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { writeGrpcTimeout } from "../wire/timeout.ts";
import { Answer, messageBytes, type Received, readMessage } from "./answer.ts";
import { Attempt, type AttemptOwner } from "./attempt.ts";
import type { Balancer, Waiter } from "./balancer.ts";
import { atDeadline } from "./deadline.ts";
import { ATTEMPTS_MAX, retryDelayMs } from "./retry.ts";
import type { RetryBudget } from "./retry-budget.ts";
import type { Session } from "./session.ts";

/** The call on whose behalf another is made. */
export interface Parent {
  /** When it has to be answered, on the clock of `performance.now()`. */
  readonly deadlineMs: number | undefined;
  /** Aborts when it is cancelled or over. */
  readonly signal: AbortSignal;
  /** The same at less cost; called at once if that has been. Returns the way not to be told. */
  onCancel(listener: (reason: unknown) => void): () => void;
}

/** What the calls of a transport share. */
export interface UnaryShared {
  readonly balancer: Balancer;
  readonly budget: RetryBudget;
  readonly readMaxBytes: number;
}

/** A request, ready to be sent. */
export interface UnaryRequest<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethodUnary<I, O>;
  readonly idempotency: MethodOptions_IdempotencyLevel;
  /** Its pseudo-headers come first; scheme and authority are filled in here. */
  readonly header: string[];
  readonly frame: Buffer;
  /** How long it may take, in milliseconds; undefined for no end. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly parent: Parent | undefined;
}

// Where the header of a plan (transport.ts) has its scheme and its authority.
const SCHEME_AT = 3;
const AUTHORITY_AT = 5;

const TIMER_MAX_MS = 2 ** 31 - 1;

/** A unary call from its start to its end, over as many attempts as it takes. */
export class ClientCall<I extends DescMessage, O extends DescMessage> implements Waiter, AttemptOwner {
  readonly #shared: UnaryShared;
  readonly #request: UnaryRequest<I, O>;
  readonly #headerLength: number;
  readonly #startMs = performance.now();
  readonly #resolve: (answer: Answer<I, O>) => void;
  readonly #reject: (error: ConnectError) => void;
  #deadline: NodeJS.Timeout | undefined;
  #pause: NodeJS.Timeout | undefined;
  #leaveParent: (() => void) | undefined;
  #onAbort: (() => void) | undefined;
  #attempt: Attempt | undefined;
  #attempts = 0;
  #resends = 0;
  #isFresh = true;
  #over = false;

  constructor(
    shared: UnaryShared,
    request: UnaryRequest<I, O>,
    resolve: (answer: Answer<I, O>) => void,
    reject: (error: ConnectError) => void,
  ) {
    this.#shared = shared;
    this.#request = request;
    this.#headerLength = request.header.length;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    this.#watchTime();
    this.#watchSignal();
    this.#watchParent();
    if (this.#over) return;
    this.#shared.budget.earn();
    this.#connect();
  }

  connected(session: Session): void {
    const { header, frame, timeoutMs } = this.#request;
    header.length = this.#headerLength;
    header[SCHEME_AT] = session.address.target.scheme;
    header[AUTHORITY_AT] = session.address.target.authority;
    if (timeoutMs !== undefined) header.push("grpc-timeout", writeGrpcTimeout(this.#leftMs(timeoutMs)));
    if (this.#attempts > 0) header.push("grpc-previous-rpc-attempts", `${this.#attempts}`);
    try {
      this.#attempt = new Attempt(session, header, frame, this.#shared.readMaxBytes, this);
    } catch (cause) {
      this.#fail(new ConnectError("the request's header is invalid", Code.Internal, undefined, undefined, cause));
    }
  }

  unconnected(error: ConnectError): void {
    this.failed(error, false);
  }

  succeeded(received: Received): void {
    try {
      const bytes = messageBytes(received, this.#shared.readMaxBytes);
      if (!(bytes instanceof Promise)) this.#answer(bytes, received);
      else bytes.then((it) => this.#answer(it, received)).catch((it: unknown) => this.#fail(ConnectError.from(it)));
    } catch (error) {
      this.#fail(ConnectError.from(error));
    }
  }

  failed(error: ConnectError, notBegun: boolean): void {
    this.#attempt = undefined;
    this.#isFresh = false;
    if (notBegun && this.#resends < ATTEMPTS_MAX - 1) {
      this.#resends++;
      this.#connect();
      return;
    }
    const { idempotency, timeoutMs, parent } = this.#request;
    const deadlineMs = timeoutMs === undefined ? undefined : this.#startMs + timeoutMs;
    const delayMs = retryDelayMs({
      idempotency,
      error,
      attempts: this.#attempts + 1,
      nested: parent !== undefined,
    });
    const leftMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : this.#leftMs(timeoutMs);
    if (delayMs === undefined || delayMs >= leftMs || !this.#shared.budget.spend()) {
      this.#fail(atDeadline(error, deadlineMs));
      return;
    }
    this.#attempts++;
    this.#pause = setTimeout(() => this.#connect(), Math.min(delayMs, TIMER_MAX_MS));
  }

  #watchTime(): void {
    const { timeoutMs } = this.#request;
    if (timeoutMs === undefined || timeoutMs > TIMER_MAX_MS) return;
    if (timeoutMs <= 0) this.#expire();
    else this.#deadline = setTimeout(() => this.#expire(), timeoutMs);
  }

  #watchSignal(): void {
    const { signal } = this.#request;
    if (signal === undefined || this.#over) return;
    if (signal.aborted) {
      this.#cancel(signal.reason);
      return;
    }
    this.#onAbort = () => this.#cancel(signal.reason);
    signal.addEventListener("abort", this.#onAbort);
  }

  #watchParent(): void {
    const { parent } = this.#request;
    if (parent === undefined || this.#over) return;
    const leave = parent.onCancel((reason) => this.#cancel(reason));
    if (this.#over) leave();
    else this.#leaveParent = leave;
  }

  #connect(): void {
    const session = this.#shared.balancer.pick();
    if (session !== undefined) {
      this.connected(session);
      return;
    }
    this.#isFresh = false;
    this.#shared.balancer.wait(this);
  }

  #leftMs(timeoutMs: number): number {
    return this.#isFresh ? timeoutMs : this.#startMs + timeoutMs - performance.now();
  }

  #answer(bytes: Uint8Array, received: Received): void {
    if (this.#over) return;
    const { method } = this.#request;
    const message = readMessage(method.output, bytes);
    this.#end();
    this.#resolve(new Answer(method, message, received));
  }

  #expire(): void {
    this.#attempt?.suspect();
    this.#fail(new ConnectError("the operation timed out", Code.DeadlineExceeded));
  }

  #cancel(reason: unknown): void {
    this.#fail(ConnectError.from(reason ?? new ConnectError("the call was cancelled", Code.Canceled), Code.Canceled));
  }

  #fail(error: ConnectError): void {
    if (this.#over) return;
    this.#end();
    this.#attempt?.cancel();
    this.#shared.balancer.leave(this);
    this.#reject(error);
  }

  #end(): void {
    this.#over = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#pause);
    this.#leaveParent?.();
    if (this.#onAbort !== undefined) this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }
}
