import type http from "node:http";
import { constants, type ServerHttp2Session } from "node:http2";

const STREAM_ID_MAX = 2 ** 31 - 1;
// A client without streams may never answer; one that is busy answers sooner than this.
const NOTICE_TIMEOUT_MS = 100;

/**
 * Takes leave of an HTTP/2 client without losing a request that is on its way: first a notice alone, and only when the
 * client must have read it the end of new streams (RFC 9113, section 6.8). Streams that run come to their end.
 */
export function leaveSession(session: ServerHttp2Session): void {
  if (session.closed || session.destroyed) return;
  session.goaway(constants.NGHTTP2_NO_ERROR, STREAM_ID_MAX);
  const end = () => {
    clearTimeout(timer);
    session.close();
  };
  const timer = setTimeout(end, NOTICE_TIMEOUT_MS);
  // The answer to a ping comes after everything that the client sent before it read the notice.
  session.ping(end);
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
