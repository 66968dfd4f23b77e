import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { answerFault, envelopeError, headerFault, type Received } from "./answer.ts";
import { OneMessage } from "./one-message.ts";
import type { Session } from "./session.ts";

/** Whom an attempt tells of its end: once, unless it is cancelled before. */
export interface AttemptOwner {
  succeeded(received: Received): void;
  /** `notBegun`: the server has certainly done nothing, so that trying again is safe whatever the call does. */
  failed(error: ConnectError, notBegun: boolean): void;
}

const FLAG_END_STREAM = 1;

// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors
const RESET_CODES: Readonly<Record<number, Code>> = {
  // Not INTERNAL as gRPC's table says: node:http2 resets streams so when its server closes all connections at once.
  [constants.NGHTTP2_NO_ERROR]: Code.Unavailable,
  [constants.NGHTTP2_REFUSED_STREAM]: Code.Unavailable,
  [constants.NGHTTP2_CANCEL]: Code.Canceled,
  [constants.NGHTTP2_ENHANCE_YOUR_CALM]: Code.ResourceExhausted,
  [constants.NGHTTP2_INADEQUATE_SECURITY]: Code.PermissionDenied,
};

/** One try of a unary call on one stream. Everything that is kept is small, since each call makes one. */
export class Attempt implements Received {
  header: IncomingHttpHeaders = NOTHING;
  trailer: IncomingHttpHeaders | undefined = undefined;
  readonly message: OneMessage;
  readonly #session: Session;
  readonly #stream: ClientHttp2Stream;
  readonly #owner: AttemptOwner;
  #error: Error | undefined;
  #over = false;

  /** Sends a request. Throws what node:http2 has against its header. */
  constructor(session: Session, header: readonly string[], frame: Buffer, readMaxBytes: number, owner: AttemptOwner) {
    this.#session = session;
    this.#owner = owner;
    this.message = new OneMessage(readMaxBytes);
    const stream = session.request(header);
    this.#stream = stream;
    stream.on("response", (received, flags) => this.#onHeader(received, flags));
    stream.on("data", (piece) => this.#onData(piece));
    stream.on("trailers", (received) => this.#onTrailer(received));
    stream.on("error", (error) => this.#onError(error));
    stream.on("close", () => this.#onClose());
    stream.end(frame);
  }

  /** Ends it without another word to the owner. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  /** To be called when an answer was waited for in vain. */
  suspect(): void {
    this.#session.suspect();
  }

  #onHeader(header: IncomingHttpHeaders, flags: number): void {
    this.#session.heard();
    if (this.#over) return;
    this.header = header;
    const fault = headerFault(header);
    if (fault !== undefined) this.#giveUp(fault);
    else if ((flags & FLAG_END_STREAM) !== 0) this.#finish();
  }

  #onData(piece: Buffer): void {
    this.#session.heard();
    if (this.#over) return;
    const fault = this.message.add(piece);
    if (fault !== undefined) this.#giveUp(envelopeError(fault, this.message.maxBytes));
  }

  #onTrailer(trailer: IncomingHttpHeaders): void {
    if (this.#over) return;
    this.trailer = trailer;
    this.#finish();
  }

  #onError(error: Error): void {
    this.#error = error; // "close" follows
  }

  #onClose(): void {
    if (this.#over) return;
    const { rstCode } = this.#stream;
    if (this.header === NOTHING || rstCode !== constants.NGHTTP2_NO_ERROR) this.#breakOff(rstCode);
    // An answer without a status is the server's fault, unless that is going away: then GOAWAY may be read just after.
    else setImmediate(() => this.#endWithoutStatus());
  }

  #endWithoutStatus(): void {
    if (this.#over) return;
    const { state } = this.#session;
    if (state === "draining" || state === "closed") this.#breakOff(constants.NGHTTP2_NO_ERROR);
    else this.#finish();
  }

  #breakOff(rstCode: number): void {
    this.#over = true;
    const notBegun = this.header === NOTHING && this.#session.isNotBegun(this.#stream);
    this.#owner.failed(this.#resetError(rstCode, notBegun), notBegun);
  }

  #finish(): void {
    const fault = answerFault(this);
    if (fault !== undefined) {
      this.#giveUp(fault);
      return;
    }
    this.#over = true;
    // Who answers before it has read the request does not want the rest of it.
    if (!this.#stream.writableFinished) this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#owner.succeeded(this);
  }

  #giveUp(error: ConnectError): void {
    this.cancel();
    this.#owner.failed(error, false);
  }

  #resetError(rstCode: number, notBegun: boolean): ConnectError {
    const cause = this.#error ?? this.#session.error;
    if (notBegun || this.#session.isLost) {
      const why = this.#session.error?.message ?? cause?.message ?? "the connection was lost";
      return new ConnectError(`the call was broken off: ${why}`, Code.Unavailable, undefined, undefined, cause);
    }
    const code = RESET_CODES[rstCode] ?? Code.Internal;
    return new ConnectError(`the stream was reset with code ${rstCode}`, code, undefined, undefined, cause);
  }
}

const NOTHING: IncomingHttpHeaders = {};
