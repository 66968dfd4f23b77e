import type { OutgoingHttpHeaders } from "node:http";
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { addErrorMetadata, addHeaders } from "../wire/metadata.ts";
import { readConnectTimeout } from "../wire/timeout.ts";
import type { UnaryContext } from "./context.ts";
import type { Protocol } from "./protocol.ts";

/** Connect has no trailers of HTTP: they are headers with a prefix. */
function addWritten(header: OutgoingHttpHeaders, context: UnaryContext | undefined): void {
  if (context?.writtenHeader !== undefined) addHeaders(header, context.writtenHeader);
  if (context?.writtenTrailer !== undefined) addHeaders(header, context.writtenTrailer, "trailer-");
}

/** Unary calls of Connect: plain HTTP requests (https://connectrpc.com/docs/protocol#unary-rpcs). */
export const connectUnary: Protocol = {
  timeout: "connect-timeout-ms",
  encoding: "content-encoding",
  acceptEncoding: "accept-encoding",
  compressesByDefault: true,
  headBytes: 0,
  readTimeoutMs: readConnectTimeout,
  unpack: (data, _format, compressed) => ({ data, compressed }),
  answer(http, { data, encoding, format, context }) {
    const header: OutgoingHttpHeaders = { "content-type": format.contentType };
    if (encoding !== undefined) header["content-encoding"] = encoding;
    // A cache must not hand compressed bytes to who cannot read them.
    if (http.verb === "GET") header.vary = "accept-encoding";
    addWritten(header, context);
    http.respond(200, header, data);
  },
  refuse(http, error, _format, context) {
    const header: OutgoingHttpHeaders = { "content-type": "application/json" };
    addWritten(header, context);
    addErrorMetadata(header, error);
    http.respond(codeToHttpStatus(error.code), header, errorToJsonBytes(error, undefined));
  },
};
