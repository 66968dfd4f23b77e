import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
  type Settings,
} from "node:http2";
import type { Duplex } from "node:stream";
import { createKeepalive, type Keepalive, type KeepaliveTimes } from "./keepalive.ts";
import { openSocket, type TlsOptions } from "./socket.ts";
import type { Address } from "./target.ts";

/**
 * - connecting: no settings received from the peer yet
 * - ready: takes calls
 * - stale: was idle for long; has to answer a ping before it takes calls again
 * - verifying: that ping is under way
 * - draining: the peer said GOAWAY, or its address is gone; calls under way come to their end
 * - closed
 */
export type SessionState = "connecting" | "ready" | "stale" | "verifying" | "draining" | "closed";

/** One HTTP/2 connection to an address. Never throws and never emits: whatever happens to it is a change of its state. */
export interface Session {
  readonly address: Address;
  readonly state: SessionState;
  /** Streams that are open. */
  readonly outstanding: number;
  /** How many streams may be open: somewhat fewer than the peer allows. */
  readonly capacity: number;
  /** Whether it has ever carried an answer. */
  readonly proven: boolean;
  /** Whether the connection is gone with all that was under way. */
  readonly isLost: boolean;
  /** Why it closed. */
  readonly error: Error | undefined;
  /** Opens a stream; of a session that has just closed, one that fails. */
  request(header: OutgoingHttpHeaders | readonly string[]): ClientHttp2Stream;
  /** To be told of whatever arrives, so that a peer that is heard of is not asked for a sign of life. */
  heard(): void;
  /** Asks the peer for a sign of life now, since a call waited for it in vain. */
  suspect(): void;
  /** Makes a stale session ready, or closes it. */
  verify(): void;
  /** Whether the peer has certainly not begun on a stream that failed (RFC 9113, sections 6.8 and 8.7). */
  isNotBegun(stream: ClientHttp2Stream): boolean;
  /** Takes no more calls; closes when those under way are over. */
  drain(): void;
  /** Ends it with all that is under way. */
  destroy(reason: Error): void;
}

/** Times in milliseconds. */
export interface SessionTimes extends KeepaliveTimes {
  /** A peer that has not sent its settings by then is taken for dead. */
  readonly connectMs: number;
}

/** How connections are made. */
export interface SessionOptions {
  readonly times?: SessionTimes | undefined;
  /** Left out, a server is known by its host's name, by the system's authorities. */
  readonly tlsOptions?: TlsOptions | undefined;
}

export const SESSION_TIMES: SessionTimes = { connectMs: 5_000, quietMs: 5_000, pingMs: 3_000 };

// What the peer may have sent and we have not read: of one stream, and of all.
const STREAM_WINDOW_BYTES = 1024 * 1024;
const SESSION_WINDOW_BYTES = 8 * 1024 * 1024;
const SESSION_MEMORY_MAX_MB = 64;
// A peer on node:http2 counts streams that have just ended and refuses new ones for them, as if the caller were to blame.
const CAPACITY_SHARE = 0.75;

function openHttp2({ target }: Address, socket: Duplex): ClientHttp2Session {
  return connect(target.origin, {
    createConnection: () => socket,
    maxSessionMemory: SESSION_MEMORY_MAX_MB,
    settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
  });
}

/** Connects to an address. `onChange` is called after each change of `state` or `capacity`. */
export function openSession(address: Address, onChange: () => void, options: SessionOptions = {}): Session {
  return new OpenSession(address, onChange, options);
}

class OpenSession implements Session {
  readonly address: Address;
  state: SessionState = "connecting";
  outstanding = 0;
  capacity = Number.POSITIVE_INFINITY;
  error: Error | undefined;
  readonly #socket: Duplex;
  readonly #http2: ClientHttp2Session;
  readonly #keepalive: Keepalive;
  readonly #onChange: () => void;
  readonly #connectTimer: NodeJS.Timeout;
  #heardCount = 0;
  #lastBegunId = Number.POSITIVE_INFINITY;

  constructor(address: Address, onChange: () => void, { times = SESSION_TIMES, tlsOptions }: SessionOptions) {
    this.address = address;
    this.#onChange = onChange;
    this.#socket = openSocket(address, tlsOptions);
    const http2 = openHttp2(address, this.#socket);
    this.#http2 = http2;
    this.#keepalive = this.#createKeepalive(times);
    const late = () => this.destroy(new Error(`no connection within ${times.connectMs} ms`));
    this.#connectTimer = setTimeout(late, times.connectMs);
    http2.on("remoteSettings", (settings) => this.#onSettings(settings));
    http2.on("goaway", (_code, lastStreamId) => {
      this.#lastBegunId = Math.min(this.#lastBegunId, lastStreamId);
      this.#become("draining");
    });
    http2.on("error", (error) => {
      this.error ??= error;
    });
    http2.on("close", () => this.#onClose());
  }

  get proven(): boolean {
    return this.#heardCount > 0;
  }

  get isLost(): boolean {
    return this.#http2.destroyed;
  }

  request(header: OutgoingHttpHeaders | readonly string[]): ClientHttp2Stream {
    const stream = this.#http2.request(header);
    if (this.outstanding++ === 0) this.#http2.ref();
    stream.once("close", () => this.#onStreamClose());
    return stream;
  }

  heard(): void {
    this.#heardCount++;
  }

  suspect(): void {
    this.#keepalive.suspect();
  }

  verify(): void {
    if (this.state !== "stale") return;
    this.#become("verifying");
    this.#keepalive.verify();
  }

  isNotBegun({ id, rstCode }: ClientHttp2Stream): boolean {
    return id === undefined || id > this.#lastBegunId || rstCode === constants.NGHTTP2_REFUSED_STREAM;
  }

  drain(): void {
    this.#become("draining");
    this.#http2.close();
  }

  destroy(reason: Error): void {
    this.error ??= reason;
    this.#become("draining");
    this.#socket.destroy(); // Not the session: that would wait until a dead peer has read what was sent.
  }

  #become(next: SessionState): void {
    if (this.state === next || this.state === "closed") return;
    this.state = next;
    this.#onChange();
  }

  #createKeepalive(times: SessionTimes): Keepalive {
    const http2 = this.#http2;
    return createKeepalive({
      times,
      ping: (onAnswer) => !http2.closed && !http2.destroyed && http2.ping(onAnswer),
      heardCount: () => this.#heardCount,
      isIdle: () => this.outstanding === 0,
      onIdle: () => {
        if (this.state === "ready") this.#become("stale");
      },
      onAlive: () => {
        if (this.state === "verifying") this.#become("ready");
      },
      onDead: () => this.destroy(new Error(`no answer to a ping within ${times.pingMs} ms`)),
    });
  }

  #onSettings(settings: Settings): void {
    const streamsMax = settings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
    this.capacity = Math.max(1, Math.floor(streamsMax * CAPACITY_SHARE));
    if (this.state !== "connecting") {
      this.#onChange();
      return;
    }
    clearTimeout(this.#connectTimer);
    this.#http2.setLocalWindowSize(SESSION_WINDOW_BYTES);
    this.#http2.unref(); // An idle connection does not keep the process.
    this.#keepalive.start();
    this.#become("ready");
  }

  #onStreamClose(): void {
    if (--this.outstanding === 0) this.#http2.unref();
    // Streams learn first that their connection is gone; they must not be sent again on it.
    if (this.#http2.closed || this.#http2.destroyed) this.#become("draining");
  }

  #onClose(): void {
    clearTimeout(this.#connectTimer);
    this.#keepalive.stop();
    this.error ??= new Error("the connection was closed");
    this.#become("closed");
  }
}
