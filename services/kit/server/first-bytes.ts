import type http from "node:http";
import type http2 from "node:http2";
import type net from "node:net";

// Every HTTP/2 connection begins with these bytes (RFC 9113, section 3.4); no HTTP/1.1 method does.
const PREFACE = "PRI ";

/**
 * Hands a connection to the server for the protocol its first bytes announce. A connection that says nothing is closed
 * after `timeoutMs`. `onTold` is called when the connection is somebody's, or gone.
 */
export function tellApart(
  socket: net.Socket,
  servers: { http1: http.Server; h2: http2.Http2Server },
  timeoutMs: number,
  onTold: () => void,
): void {
  let head: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  const onError = () => socket.destroy();
  const told = () => {
    clearTimeout(timer);
    socket.off("readable", onReadable);
    socket.off("close", told);
    onTold();
  };
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    // Kept here until it tells enough: put back at once, it would be announced as readable again without end.
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const start = head.toString("latin1", 0, PREFACE.length);
    if (start.length < PREFACE.length && PREFACE.startsWith(start)) return;
    told();
    socket.off("error", onError);
    socket.unshift(head);
    (start === PREFACE ? servers.h2 : servers.http1).emit("connection", socket);
  };
  socket.on("error", onError);
  socket.on("readable", onReadable);
  socket.on("close", told);
}
