import type { IncomingHttpHeaders } from "node:http2";
import { type DescMessage, type DescMethodUnary, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type UnaryResponse } from "@connectrpc/connect";
import { codeFromHttpStatus, findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { DecompressionError, decompress, isEncoding } from "../wire/compression.ts";
import { toHeaders } from "../wire/metadata.ts";
import type { EnvelopeFault, OneMessage } from "./one-message.ts";

const CONTENT_TYPE = /^application\/grpc(\+proto)?(;.*)?$/i;
const ANY_GRPC = /^application\/grpc([+;]|$)/i;

/** What an answer consists of. A trailers-only answer has its status in the header. */
export interface Received {
  readonly header: IncomingHttpHeaders;
  readonly trailer: IncomingHttpHeaders | undefined;
  readonly message: OneMessage;
}

/** The answer of a unary call. `Headers` are made only for those who ask. */
export class Answer<I extends DescMessage, O extends DescMessage> implements UnaryResponse<I, O> {
  readonly stream = false;
  readonly method: DescMethodUnary<I, O>;
  readonly message: MessageShape<O>;
  readonly #received: Received;
  #header: Headers | undefined;
  #trailer: Headers | undefined;

  constructor(method: DescMethodUnary<I, O>, message: MessageShape<O>, received: Received) {
    this.method = method;
    this.message = message;
    this.#received = received;
  }

  get service() {
    return this.method.parent;
  }

  get header(): Headers {
    this.#header ??= toHeaders(this.#received.header);
    return this.#header;
  }

  get trailer(): Headers {
    this.#trailer ??= toHeaders(this.#received.trailer ?? {});
    return this.#trailer;
  }
}

function httpError(status: number, header: IncomingHttpHeaders): ConnectError {
  return new ConnectError(`HTTP ${status}`, codeFromHttpStatus(status), toHeaders(header));
}

/** What is wrong with the header of an answer; undefined if it is one of gRPC that we can read. */
export function headerFault(header: IncomingHttpHeaders): ConnectError | undefined {
  const status = Number(header[":status"]);
  // Proxies may give a gRPC status beside one of HTTP, and that says more.
  if (status !== 200 && header["grpc-status"] !== undefined) return statusError(header) ?? httpError(status, header);
  if (status !== 200) return httpError(status, header);
  const type = header["content-type"] ?? "";
  if (type === "application/grpc+proto" || type === "application/grpc" || CONTENT_TYPE.test(type)) {
    const encoding = header["grpc-encoding"];
    if (encoding === undefined || encoding === "identity" || isEncoding(String(encoding))) return undefined;
    return new ConnectError(`the answer has an unknown encoding "${encoding}"`, Code.Internal, toHeaders(header));
  }
  const code = ANY_GRPC.test(type) ? Code.Internal : Code.Unknown;
  return new ConnectError(`the answer has the content type "${type}"`, code, toHeaders(header));
}

/** The error for an envelope that is not as it should be. */
export function envelopeError(fault: EnvelopeFault, maxBytes: number): ConnectError {
  switch (fault) {
    case "too large":
      return new ConnectError(`the answer is larger than ${maxBytes} bytes`, Code.ResourceExhausted);
    case "more than one":
      return new ConnectError("a unary call was answered with more than one message", Code.Unimplemented);
    case "cut off":
      return new ConnectError("the answer ends within a message", Code.InvalidArgument);
  }
}

/** The failure that the status fields say; undefined if they say OK or nothing. */
function statusError(fields: IncomingHttpHeaders): ConnectError | undefined {
  const status = fields["grpc-status"];
  if ((status === undefined || status === "0") && fields["grpc-status-details-bin"] === undefined) return undefined;
  try {
    return findTrailerError(toHeaders(fields));
  } catch (cause) {
    return new ConnectError("the answer's status cannot be read", Code.Internal, undefined, undefined, cause);
  }
}

/** How an answer failed; undefined if it is a message with the status OK. */
export function answerFault({ header, trailer = {}, message }: Received): ConnectError | undefined {
  const error = statusError(trailer);
  if (error !== undefined) {
    toHeaders(header).forEach((value, name) => {
      error.metadata.append(name, value);
    });
    return error;
  }
  const headerError = statusError(header);
  const hasStatus = trailer["grpc-status"] !== undefined;
  if (!hasStatus && header["grpc-status"] === undefined)
    return new ConnectError("the answer has no status", Code.Internal, toHeaders(header));
  if (message.isEmpty) {
    if (headerError !== undefined) return headerError;
    const code = hasStatus ? Code.Unimplemented : Code.Unknown;
    return new ConnectError("a unary call was answered without a message", code, toHeaders(header));
  }
  if (headerError !== undefined)
    return new ConnectError("an answer with an error status has a message", Code.Unknown, toHeaders(header));
  return undefined;
}

/** The message's bytes; a promise where they have to be decompressed. Throws, or rejects with, a ConnectError. */
export function messageBytes({ header, message }: Received, maxBytes: number): Uint8Array | Promise<Uint8Array> {
  const end = message.end();
  if (typeof end === "string") throw envelopeError(end, maxBytes);
  if (!end.compressed) return end.bytes;
  const encoding = String(header["grpc-encoding"] ?? "identity");
  if (!isEncoding(encoding)) throw new ConnectError("the answer is compressed, but not said how", Code.Internal);
  return decompress(encoding, end.bytes, maxBytes).catch((error: unknown) => {
    if (error instanceof DecompressionError && error.tooLarge) throw envelopeError("too large", maxBytes);
    throw new ConnectError("the answer cannot be decompressed", Code.Internal, undefined, undefined, error);
  });
}

/** Reads a message. @throws ConnectError if its bytes are not one. */
export function readMessage<O extends DescMessage>(desc: O, bytes: Uint8Array): MessageShape<O> {
  try {
    return fromBinary(desc, bytes);
  } catch (cause) {
    throw new ConnectError("the answer is not a message of its type", Code.Internal, undefined, undefined, cause);
  }
}
