import { randomUUID } from "node:crypto";
import http from "node:http";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { createAgents } from "#kit/client/agents.ts";
import { callFailure, toConnectError } from "#kit/failure.ts";
import type { WorkloadIdentity } from "#kit/identity/workload.ts";

/** Hands requests on to a service and its answer back, byte by byte as they come. */
export interface Forwarder {
  forward(request: http.IncomingMessage, response: http.ServerResponse, workload: string): void;
  close(): void;
}

// Headers that belong to one connection and not to the request (RFC 9110, section 7.6.1).
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "transfer-encoding",
  "upgrade",
  "host",
]);
// Each stream that somebody watches keeps one busy; calls must not wait behind them.
const SOCKETS_MAX = 10_000;
const FREE_SOCKETS_MAX = 256;
const RETRY_AFTER_MS = 1_000;

function headersFor(request: http.IncomingMessage, own: Readonly<Record<string, string>>): http.OutgoingHttpHeaders {
  const headers: http.OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(request.headers)) {
    // What a client says about workloads and addresses counts for nothing.
    if (!HOP_BY_HOP.has(name) && !name.startsWith(":") && !name.startsWith("x-forwarded-") && !name.startsWith("shop-"))
      headers[name] = value;
  }
  Object.assign(headers, own);
  headers["x-forwarded-for"] = request.socket.remoteAddress ?? "";
  headers["x-forwarded-proto"] = "encrypted" in request.socket ? "https" : "http";
  return headers;
}

/**
 * The answer of a service that cannot be reached, as Connect's protocol says it. `reached: "no"` says that the service never
 * saw the request, so that nothing can have come of it.
 */
function unavailable(response: http.ServerResponse, wasSent: boolean): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const failure = callFailure(
    ErrorReason.DEPENDENCY_UNAVAILABLE,
    "This part of the shop is away for the moment; try again.",
    { retryAfterMs: RETRY_AFTER_MS, ...(!wasSent && { metadata: { reached: "no" } }) },
  );
  const body = errorToJsonBytes(toConnectError(failure, randomUUID()), undefined);
  const headers = {
    "content-type": "application/json",
    "retry-after": `${RETRY_AFTER_MS / 1000}`,
    "cache-control": "no-store",
  };
  response.writeHead(503, headers).end(body);
}

/** A forwarder by whose requests services know the edge. */
export function createForwarder(
  { header, tls }: Pick<WorkloadIdentity, "header" | "tls">,
  addressOf: (workload: string) => string,
): Forwarder {
  const agents = createAgents(tls, { keepAlive: true, maxSockets: SOCKETS_MAX, maxFreeSockets: FREE_SOCKETS_MAX });
  return {
    forward(request, response, workload) {
      let address: URL;
      try {
        address = new URL(addressOf(workload));
      } catch {
        unavailable(response, false);
        return;
      }
      const options = {
        ...agents.optionsTo(workload, address),
        method: request.method,
        path: request.url,
        headers: headersFor(request, header),
      };
      const outgoing = http.request(options, (incoming) => {
        const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !HOP_BY_HOP.has(name)));
        response.writeHead(incoming.statusCode ?? 502, headers);
        // A stream's first bytes count before its last: nothing is held back.
        response.flushHeaders();
        incoming.pipe(response);
        incoming.on("error", () => response.destroy());
      });
      let wasSent = false;
      outgoing.on("socket", (socket) => {
        wasSent = !socket.connecting;
        // One that is used again was connected long ago, and would keep what listens for it.
        if (socket.connecting)
          socket.once("connect", () => {
            wasSent = true;
          });
      });
      outgoing.on("error", () => unavailable(response, wasSent));
      // The person closed the page: the service learns it.
      response.on("close", () => outgoing.destroy());
      // Of a GET's body and some others' Node tells no end unless its length is known. What followed would be read as the
      // next request on a connection that all visitors share, so such a body ends here.
      if (request.method === "POST" || "content-length" in options.headers) request.pipe(outgoing);
      else {
        request.resume();
        outgoing.end();
      }
    },
    close: () => agents.close(),
  };
}
