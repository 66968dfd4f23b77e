import type { OutgoingHttpHeaders } from "node:http";
import { COMPRESSED_FLAG, type Envelope, encodeEnvelopes, TRAILER_FLAG } from "../wire/envelope.ts";
import { addErrorMetadata, addHeaders } from "../wire/metadata.ts";
import { errorTrailers } from "../wire/status.ts";
import type { Format } from "./format.ts";
import { grpc, unpackEnvelope } from "./grpc.ts";
import type { Protocol } from "./protocol.ts";

/** The bytes that a text stands for: pieces of base64, each with its own padding. */
function fromText(body: Buffer): Buffer {
  const pieces = body.toString("latin1").match(/[^=]+={0,2}/g) ?? [];
  return Buffer.concat(pieces.map((it) => Buffer.from(it, "base64")));
}

function trailerEnvelope(trailer: OutgoingHttpHeaders): Envelope {
  const lines = Object.entries(trailer).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((it) => `${name}: ${it}\r\n`),
  );
  return { flags: TRAILER_FLAG, data: Buffer.from(lines.join("")) };
}

function body(format: Format, ...envelopes: readonly Envelope[]): Buffer {
  const bytes = encodeEnvelopes(...envelopes);
  return format.text ? Buffer.from(bytes.toString("base64")) : bytes;
}

/** gRPC for browsers: trailers come in the body (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md). */
export const grpcWeb: Protocol = {
  ...grpc,
  compressesByDefault: true,
  headBytes: 0,
  unpack: (bytes, format) => unpackEnvelope(format.text ? fromText(bytes) : bytes),
  answer(http, { data, encoding, format, context }) {
    const header: OutgoingHttpHeaders = { "content-type": format.contentType };
    const trailer: OutgoingHttpHeaders = { "grpc-status": "0" };
    if (encoding !== undefined) header["grpc-encoding"] = encoding;
    if (context?.writtenHeader !== undefined) addHeaders(header, context.writtenHeader);
    if (context?.writtenTrailer !== undefined) addHeaders(trailer, context.writtenTrailer);
    const message = { flags: encoding === undefined ? 0 : COMPRESSED_FLAG, data };
    http.respond(200, header, body(format, message, trailerEnvelope(trailer)));
  },
  refuse(http, error, format, context) {
    const header: OutgoingHttpHeaders = { "content-type": format.contentType };
    const trailer: OutgoingHttpHeaders = errorTrailers(error);
    if (context?.writtenTrailer !== undefined) addHeaders(trailer, context.writtenTrailer);
    addErrorMetadata(trailer, error);
    // Where there is nothing else to say, the status is in the header: proxies see it there, and may try again.
    if (context?.writtenHeader === undefined) return http.respond(200, Object.assign(header, trailer));
    addHeaders(header, context.writtenHeader);
    http.respond(200, header, body(format, trailerEnvelope(trailer)));
  },
};
