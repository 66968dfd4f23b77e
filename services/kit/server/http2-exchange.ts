import type { OutgoingHttpHeaders } from "node:http";
import http2 from "node:http2";
import type { Peer } from "../identity/workload.ts";
import { Body } from "../wire/body.ts";
import { toHeaders } from "../wire/metadata.ts";
import type { HttpExchange, OnBody } from "./http-exchange.ts";
import { HELD_MIN_BYTES, isDeclaredLarger, tooMuchHeld } from "./http-exchange.ts";
import type { Http2Connection } from "./http2-connection.ts";

const END_STREAM_FLAG = 0x1;
const UNREAD_TIMEOUT_MS = 1_000;
const WITH_TRAILERS = { waitForTrailers: true };
const ALONE = { endStream: true };

/** An exchange on a stream of node:http2. A class, since one is made with each call. */
export class Http2Exchange implements HttpExchange {
  readonly #connection: Http2Connection;
  readonly #stream: http2.ServerHttp2Stream;
  #headers: http2.IncomingHttpHeaders;
  #body: Body | undefined;
  #onBody: OnBody | undefined;
  #received: boolean;
  #answered = false;
  #onGone: (() => void) | undefined;
  #heldBytes = 0;
  /** By the connection's clock. */
  takenByMs = Number.POSITIVE_INFINITY;

  constructor(
    connection: Http2Connection,
    stream: http2.ServerHttp2Stream,
    headers: http2.IncomingHttpHeaders,
    flags: number,
  ) {
    this.#connection = connection;
    this.#stream = stream;
    this.#headers = headers;
    this.#received = (flags & END_STREAM_FLAG) !== 0;
    // A stream that breaks off is closed, which is all that matters.
    stream.on("error", ignore);
  }

  get peer(): Peer {
    return this.#connection.peer;
  }

  get verb(): string {
    return this.#headers[":method"] ?? "";
  }

  get url(): string {
    return this.#headers[":path"] ?? "";
  }

  header(name: string): string | undefined {
    const value = this.#headers[name];
    return typeof value === "object" ? value.join(", ") : value;
  }

  headers(): Headers {
    return toHeaders(this.#headers);
  }

  read(maxBytes: number, onBody: OnBody): void {
    // The end of a request without a byte is told whether anybody listens or not, and only once.
    if (this.#received || this.#stream.readableEnded) {
      this.#received = true;
      onBody(NOTHING);
      return;
    }
    if (isDeclaredLarger(this.#headers["content-length"], maxBytes)) {
      onBody(undefined);
      return;
    }
    // Only who may go on waits for being told so.
    if (this.#headers.expect === "100-continue" && !this.#stream.closed && !this.#stream.destroyed)
      this.#stream.additionalHeaders({ ":status": 100 });
    this.#body = new Body(maxBytes);
    this.#onBody = onBody;
    this.#stream.on("data", (chunk: Buffer) => this.#onData(chunk));
    this.#stream.on("end", () => this.#onEnd());
  }

  onGone(listener: () => void): void {
    this.#onGone = listener;
  }

  /** To be called when the stream is closed. */
  closed(): void {
    this.#connection.answered(this);
    if (this.#heldBytes > 0) this.#connection.release(this.#heldBytes);
    if (this.#answered) this.#headers = NO_HEADERS;
    else this.#onGone?.();
    this.#letGo();
  }

  /** Ends an answer that the client does not take in. */
  cutOff(): void {
    this.#stream.close(http2.constants.NGHTTP2_CANCEL);
  }

  abandon(): void {
    this.#answered = true;
    this.#stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  }

  respond(status: number, header: OutgoingHttpHeaders, body?: Uint8Array, trailer?: OutgoingHttpHeaders): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) {
      this.#answered = true;
      return;
    }
    const length = body?.length ?? 0;
    if (length > HELD_MIN_BYTES && !this.#hold(length)) throw tooMuchHeld();
    this.#answered = true;
    this.#letGo();
    this.takenByMs = this.#connection.answering(this, length);
    header[":status"] = status;
    if (body === undefined && trailer === undefined) {
      stream.respond(header, ALONE);
    } else if (trailer === undefined) {
      stream.respond(header);
      stream.end(body);
    } else {
      stream.on("wantTrailers", () => this.#sendTrailers(trailer));
      stream.respond(header, WITH_TRAILERS);
      stream.end(body);
    }
    if (!this.#received) this.#letGoOfRest();
  }

  /**
   * Takes in the rest of a request that nobody reads, and asks a client that goes on to stop (RFC 9113, section 8.1). Not
   * at once: clients that are still sending take that for the end of all, and lose the answer.
   */
  #letGoOfRest(): void {
    const stream = this.#stream;
    stream.resume();
    const stop = setTimeout(() => stream.close(http2.constants.NGHTTP2_NO_ERROR), UNREAD_TIMEOUT_MS);
    stream.once("close", () => clearTimeout(stop));
  }

  /**
   * Forgets the call. Node keeps streams in memory long after they are closed, until all of the heap is cleaned up: what
   * they could still reach would be carried along, at twice the cost of the call itself.
   */
  #letGo(): void {
    this.#body = undefined;
    this.#onBody = undefined;
    this.#onGone = undefined;
  }

  #onData(chunk: Buffer): void {
    const body = this.#body;
    if (body === undefined) return;
    if (!body.add(chunk)) this.#onBody?.(undefined);
    // Most requests come in one piece, which is not worth an account.
    else if (body.length > HELD_MIN_BYTES && !this.#hold(chunk.length))
      this.#stream.close(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  #onEnd(): void {
    // A client that resets its stream ends it as well.
    if (this.#stream.aborted) return;
    this.#received = true;
    const body = this.#body;
    if (body !== undefined) this.#onBody?.(body.bytes());
  }

  #hold(bytes: number): boolean {
    if (!this.#connection.hold(bytes)) return false;
    this.#heldBytes += bytes;
    return true;
  }

  #sendTrailers(trailer: OutgoingHttpHeaders): void {
    try {
      this.#stream.sendTrailers(trailer);
    } catch {
      this.abandon();
    }
  }
}

const NOTHING = Buffer.alloc(0);
const NO_HEADERS: http2.IncomingHttpHeaders = {};
function ignore(): void {}
