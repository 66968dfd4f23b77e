import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";

/** A request as a stand-in for a service saw it. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: http2.IncomingHttpHeaders;
}

/** Answers requests in place of a service; what it does not answer stays open. */
export type StandInHandler = (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void;

/** Something that a proxy takes for a service: it writes down what arrives, and answers what a test wants. */
export interface StandIn {
  readonly address: { readonly host: string; readonly port: number };
  /** Requests so far, those for health left out. */
  readonly seen: readonly SeenRequest[];
  close(): Promise<void>;
}

/** Starts a stand-in that speaks HTTP/2 in clear, as services do within the mesh. */
export async function startStandIn(handler: StandInHandler): Promise<StandIn> {
  const seen: SeenRequest[] = [];
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer((request, response) => {
    request.on("error", () => {});
    response.on("error", () => {});
    if (request.url === "/ready") {
      response.end("ready\n");
      return;
    }
    seen.push({ path: request.url, headers: request.headers });
    handler(request, response);
  });
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port },
    seen,
    async close() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
