import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { ConnectError } from "@connectrpc/connect";

// Headers that belong to the protocols and not to whoever made the error (https://connectrpc.com/docs/protocol).
const PROTOCOL_HEADERS = new Set([
  "content-type",
  "content-length",
  "content-encoding",
  "host",
  "user-agent",
  "trailer",
  "date",
  "accept-encoding",
  "connect-content-encoding",
  "connect-accept-encoding",
  "connect-timeout-ms",
  "connect-protocol-version",
  "grpc-encoding",
  "grpc-accept-encoding",
  "grpc-timeout",
  "grpc-status",
  "grpc-message",
  "grpc-status-details-bin",
]);

/** Node's headers as `Headers`, without HTTP/2's pseudo-headers. */
export function toHeaders(fields: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined || name.startsWith(":")) continue;
    if (typeof value === "string") headers.append(name, value);
    else for (const it of value) headers.append(name, it);
  }
  return headers;
}

/** Adds `Headers` to node's, each name with a prefix. */
export function addHeaders(to: OutgoingHttpHeaders, headers: Headers, prefix = ""): void {
  for (const [name, value] of headers) {
    // The only header whose values may not be joined; each comes by itself here.
    if (name === "set-cookie") to[`${prefix}set-cookie`] = headers.getSetCookie();
    else to[prefix + name] = value;
  }
}

/** Adds what an error carries besides its status. What came from another service with its error is not handed on. */
export function addErrorMetadata(to: OutgoingHttpHeaders, error: ConnectError): void {
  if (error.isWireError) return;
  for (const [name, value] of error.metadata) if (!PROTOCOL_HEADERS.has(name)) to[name] = value;
}
