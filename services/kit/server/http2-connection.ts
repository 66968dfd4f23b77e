import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type net from "node:net";
import type { Peer } from "../identity/workload.ts";
import { leaveConnection } from "./farewell.ts";
import type { Held, Holder } from "./held.ts";
import type { Http2Exchange } from "./http2-exchange.ts";
import { type Limits, takeTimeMs } from "./limits.ts";
import { peerOf } from "./peer.ts";
import { Reader } from "./reader.ts";
import type { Watchdog, Watched } from "./watchdog.ts";

// More than the answer to a ping alone. Clients measure a busy connection by pings: those that come with calls are welcome.
const CALL_AND_PING_BYTES = 32;

/** What a port has for all its connections. */
export interface Keeping {
  readonly limits: Limits;
  readonly watchdog: Watchdog;
  readonly held: Held;
}

/** An HTTP/2 client's connection, and what is known of its conduct. */
export class Http2Connection implements Watched, Holder {
  readonly session: ServerHttp2Session;
  /** Kept, since node asks the system for it through several layers. */
  readonly peer: Peer;
  openStreams = 0;
  heldBytes = 0;
  readonly #keeping: Keeping;
  readonly #socket: Pick<net.Socket, "bytesRead" | "bytesWritten">;
  /** Answers that have not been taken in, from the oldest on. */
  readonly #answers = new Set<Http2Exchange>();
  /** Streams of other than unary calls. */
  readonly #readers = new Map<ServerHttp2Stream, Reader>();
  readonly #openedMs: number;
  #hasSettings = false;
  #wasUsed = false;
  #usedMs: number;
  /** When the client was last heard of, and how much it had sent then. */
  #heardMs: number;
  #heardBytes = 0;
  #pingedMs: number | undefined;
  #controlFrames = 0;
  #writtenBytes = 0;

  constructor(session: ServerHttp2Session, keeping: Keeping) {
    this.session = session;
    this.peer = peerOf(session.socket);
    this.#keeping = keeping;
    // node takes it away from the session when that ends.
    this.#socket = session.socket;
    const { nowMs } = keeping.watchdog;
    this.#openedMs = nowMs;
    this.#usedMs = nowMs;
    this.#heardMs = nowMs;
    session.on("error", () => session.destroy());
    session.on("ping", () => this.#count());
    session.on("remoteSettings", () => {
      this.#hasSettings = true;
      this.#count();
    });
    session.on("close", () => keeping.watchdog.remove(this));
    keeping.watchdog.add(this);
  }

  get nowMs(): number {
    return this.#keeping.watchdog.nowMs;
  }

  opened(): void {
    this.openStreams += 1;
    this.#wasUsed = true;
  }

  closed(): void {
    this.openStreams -= 1;
    this.#wasUsed = true;
  }

  /** Watches that the client reads what it is sent on this stream. */
  watch(stream: ServerHttp2Stream): void {
    this.#readers.set(stream, new Reader(this.#keeping.limits));
    stream.on("close", () => this.#readers.delete(stream));
  }

  /** An answer of so many bytes is on its way. @returns until when it has to be taken in */
  answering(exchange: Http2Exchange, bytes: number): number {
    this.#answers.add(exchange);
    return this.nowMs + takeTimeMs(this.#keeping.limits, bytes);
  }

  answered(exchange: Http2Exchange): void {
    this.#answers.delete(exchange);
  }

  /** @returns false when too much is held for this client already */
  hold(bytes: number): boolean {
    return this.#keeping.held.add(this, bytes);
  }

  release(bytes: number): void {
    this.#keeping.held.remove(this, bytes);
  }

  cutOff(): void {
    this.session.destroy(new Error("The client asks too much"), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  check(nowMs: number): void {
    if (this.session.destroyed) return;
    this.#checkReading(nowMs);
    this.#controlFrames = 0;
    this.#writtenBytes = this.#socket.bytesWritten;
    const { headersTimeoutMs, idleTimeoutMs } = this.#keeping.limits;
    if (!this.#hasSettings && nowMs - this.#openedMs >= headersTimeoutMs) {
      this.cutOff();
      return;
    }
    const isUsed = this.#wasUsed;
    this.#wasUsed = false;
    if (isUsed || this.openStreams > 0) this.#usedMs = nowMs;
    else if (nowMs - this.#usedMs >= idleTimeoutMs) leaveConnection(this);
    this.#checkPresence(nowMs, isUsed);
  }

  #checkReading(nowMs: number): void {
    for (const exchange of this.#answers) if (exchange.takenByMs <= nowMs) exchange.cutOff();
    for (const [stream, reader] of this.#readers)
      if (reader.isTooSlow(nowMs, stream.bufferSize)) stream.close(constants.NGHTTP2_CANCEL);
  }

  /** Asks who is silent whether it is still there. A client within a frame that never ends cannot answer either. */
  #checkPresence(nowMs: number, isUsed: boolean): void {
    const { pingAfterMs, pingTimeoutMs, pingLatestMs } = this.#keeping.limits;
    const { bytesRead } = this.#socket;
    if (this.#pingedMs === undefined) {
      if (isUsed) this.#heardMs = nowMs;
      if (nowMs - this.#heardMs < pingAfterMs) return;
      this.#pingedMs = nowMs;
      this.#heardMs = nowMs;
      this.session.ping(() => {
        this.#pingedMs = undefined;
        this.#heardMs = this.nowMs;
      });
    } else if (bytesRead !== this.#heardBytes) this.#heardMs = nowMs;
    this.#heardBytes = bytesRead;
    if (this.#pingedMs === undefined) return;
    if (nowMs - this.#heardMs >= pingTimeoutMs || nowMs - this.#pingedMs >= pingLatestMs) this.cutOff();
  }

  /** Counts frames that make work and ask for nothing. */
  #count(): void {
    this.#controlFrames += 1;
    if (this.#controlFrames <= this.#keeping.limits.controlFramesMax) return;
    const { bytesWritten } = this.#socket;
    if (bytesWritten - this.#writtenBytes < this.#controlFrames * CALL_AND_PING_BYTES) this.cutOff();
    this.#controlFrames = 0;
    this.#writtenBytes = bytesWritten;
  }
}
