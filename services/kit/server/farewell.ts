import type http from "node:http";
import { constants, type ServerHttp2Session } from "node:http2";

const STREAM_ID_MAX = 2 ** 31 - 1;
const QUIET_MS = 100;
const NOTICE_MAX_MS = 1_000;
const CHECK_MS = 20;

/**
 * Takes leave of an HTTP/2 client without losing a request that is on its way: first a notice alone, and the end of new
 * streams only when the client has read it and sends no more (RFC 9113, section 6.8). Streams that run come to their end.
 */
export function leaveConnection(connection: {
  readonly session: ServerHttp2Session;
  readonly openStreams: number;
}): void {
  const { session } = connection;
  if (session.closed || session.destroyed) return;
  const startMs = performance.now();
  let lastStreamMs = startMs;
  let read = false;
  session.on("stream", () => (lastStreamMs = performance.now()));
  session.goaway(constants.NGHTTP2_NO_ERROR, STREAM_ID_MAX);
  session.ping(() => (read = true));
  const check = setInterval(() => {
    const nowMs = performance.now();
    // A client without streams does not answer the ping any more.
    const quiet = (read || connection.openStreams === 0) && nowMs - lastStreamMs >= QUIET_MS;
    if (!quiet && nowMs - startMs < NOTICE_MAX_MS) return;
    clearInterval(check);
    session.close();
  }, CHECK_MS);
  session.once("close", () => clearInterval(check));
}

/** Takes leave of HTTP/1.1 clients: from then on each answer asks its client not to use the connection again. */
export interface Farewell {
  /** To be called with every response before it is written. */
  watch(response: http.ServerResponse): void;
  leave(): void;
}

export function createFarewell(): Farewell {
  const pending = new Set<http.ServerResponse>();
  let leaving = false;
  const tell = (response: http.ServerResponse) => {
    if (!response.headersSent) response.setHeader("connection", "close");
  };
  return {
    watch(response) {
      if (leaving) return tell(response);
      pending.add(response);
      response.once("close", () => pending.delete(response));
    },
    leave() {
      leaving = true;
      for (const response of pending) tell(response);
      pending.clear();
    },
  };
}
