import type { OutgoingHttpHeaders } from "node:http";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "../failure.ts";
import {
  COMPRESSED_FLAG,
  completeEnvelope,
  decodeEnvelopes,
  ENVELOPE_HEAD_BYTES,
  encodeEnvelope,
} from "../wire/envelope.ts";
import { addErrorMetadata, addHeaders } from "../wire/metadata.ts";
import { errorTrailers } from "../wire/status.ts";
import { readGrpcTimeout } from "../wire/timeout.ts";
import type { Packed, Protocol } from "./protocol.ts";

/**
 * The only message in a body of envelopes.
 * @throws Failure when there is none, more than one, or part of one.
 */
export function unpackEnvelope(body: Buffer): Packed {
  if (body.length >= ENVELOPE_HEAD_BYTES && body.readUInt32BE(1) === body.length - ENVELOPE_HEAD_BYTES) {
    const [flags = 0] = body;
    return { data: body.subarray(ENVELOPE_HEAD_BYTES), compressed: (flags & COMPRESSED_FLAG) !== 0 };
  }
  const envelopes = decodeEnvelopes(body);
  if (envelopes === undefined) throw callFailure(ErrorReason.INVALID_INPUT, "The request ends within its message.");
  const [first] = envelopes;
  if (first === undefined || envelopes.length > 1) {
    const count = envelopes.length === 0 ? "no message" : "more than one message";
    throw callFailure(ErrorReason.WRONG_CARDINALITY, `The request has ${count}, but this call takes one.`);
  }
  return { data: first.data, compressed: (first.flags & COMPRESSED_FLAG) !== 0 };
}

/** gRPC over HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
export const grpc: Protocol = {
  timeout: "grpc-timeout",
  encoding: "grpc-encoding",
  acceptEncoding: "grpc-accept-encoding",
  // Within the mesh the network is cheaper than the processor.
  compressesByDefault: false,
  headBytes: ENVELOPE_HEAD_BYTES,
  readTimeoutMs: readGrpcTimeout,
  unpack: unpackEnvelope,
  answer(http, { data, encoding, format, context }) {
    const header: OutgoingHttpHeaders = { "content-type": format.contentType };
    const trailer: OutgoingHttpHeaders = { "grpc-status": "0" };
    if (encoding !== undefined) header["grpc-encoding"] = encoding;
    if (context?.writtenHeader !== undefined) addHeaders(header, context.writtenHeader);
    if (context?.writtenTrailer !== undefined) addHeaders(trailer, context.writtenTrailer);
    const body = encoding === undefined ? completeEnvelope(0, data) : encodeEnvelope(COMPRESSED_FLAG, data);
    http.respond(200, header, body, trailer);
  },
  refuse(http, error, format, context) {
    const header: OutgoingHttpHeaders = { "content-type": format.contentType };
    const trailer: OutgoingHttpHeaders = errorTrailers(error);
    if (context?.writtenTrailer !== undefined) addHeaders(trailer, context.writtenTrailer);
    addErrorMetadata(trailer, error);
    if (context?.writtenHeader === undefined) return http.respond(200, Object.assign(header, trailer));
    addHeaders(header, context.writtenHeader);
    http.respond(200, header, undefined, trailer);
  },
};
