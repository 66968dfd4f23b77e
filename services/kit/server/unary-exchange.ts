import type { DescMethod, Message, Registry } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import type { Policy } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Call, CallHeader } from "../call.ts";
import { callFailure } from "../failure.ts";
import type { Exchange, UnaryCall } from "../pipeline/unary.ts";
import {
  compress,
  DecompressionError,
  decompress,
  ENCODINGS,
  type Encoding,
  firstEncoding,
  isEncoding,
} from "../wire/compression.ts";
import { UnaryContext } from "./context.ts";
import type { Format } from "./format.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { decodeRequest, encodeResponse, type UnaryMethod } from "./methods.ts";
import type { Packed, Protocol } from "./protocol.ts";

/** How messages are read and written. */
export interface MessageOptions {
  /** Largest request and answer, in bytes, when not compressed. */
  readonly requestMaxBytes: number;
  readonly responseMaxBytes: number;
  /** Types that may stand in a google.protobuf.Any, so that it can be written as JSON. */
  readonly registry?: Registry;
}

// What compression saves of less than this is lost again by the time it takes.
const COMPRESS_MIN_BYTES = 1_024;
// An envelope, and base64 where gRPC-Web is text.
const PACKING_BYTES = 16;
const TEXT_FACTOR = 4 / 3;

function tooLarge(maxBytes: number) {
  return callFailure(ErrorReason.MESSAGE_TOO_LARGE, `The request is larger than ${maxBytes} bytes.`, {
    metadata: { maxBytes: `${maxBytes}` },
  });
}

/** What a request, by GET, holds instead of a body. */
export interface Query {
  readonly message: Buffer;
  readonly compression: string | null;
}

/** A unary call as the pipeline sees it, by any of the protocols. A class, since one is made with each call. */
export class UnaryExchange implements Exchange<object>, CallHeader {
  readonly method: DescMethod;
  readonly policy: Policy;
  readonly peerAddress: string;
  readonly callerTimeoutMs: number | undefined;
  readonly #http: HttpExchange;
  readonly #served: UnaryMethod;
  readonly #format: Format;
  readonly #protocol: Protocol;
  readonly #options: MessageOptions;
  readonly #query: Query | undefined;
  readonly #isTimeoutMalformed: boolean;
  #context: UnaryContext | undefined;

  constructor(
    http: HttpExchange,
    served: UnaryMethod,
    format: Format,
    protocol: Protocol,
    options: MessageOptions,
    query?: Query,
  ) {
    this.method = served.method;
    this.policy = served.policy;
    this.peerAddress = http.peerAddress;
    this.#http = http;
    this.#served = served;
    this.#format = format;
    this.#protocol = protocol;
    this.#options = options;
    this.#query = query;
    const timeout = http.header(protocol.timeout);
    const timeoutMs = timeout === undefined ? undefined : protocol.readTimeoutMs(timeout);
    this.#isTimeoutMalformed = timeoutMs !== undefined && Number.isNaN(timeoutMs);
    this.callerTimeoutMs = this.#isTimeoutMalformed ? undefined : timeoutMs;
  }

  get header(): CallHeader {
    return this;
  }

  get(name: string): string | null {
    return this.#http.header(name) ?? null;
  }

  receive(call: UnaryCall<object>): void {
    if (this.#isTimeoutMalformed)
      throw callFailure(ErrorReason.INVALID_INPUT, `The header ${this.#protocol.timeout} is malformed.`);
    const encoding = this.#requestEncoding();
    if (this.#query === undefined) this.#read(call, encoding);
    else this.#take(call, this.#query.message, encoding);
  }

  #read(call: UnaryCall<object>, encoding: Encoding | undefined): void {
    const { requestMaxBytes } = this.#options;
    const maxBytes = (requestMaxBytes + PACKING_BYTES) * (this.#format.text ? TEXT_FACTOR : 1);
    this.#http.read(maxBytes, (body) => {
      if (body === undefined) call.fail(tooLarge(requestMaxBytes));
      else this.#take(call, body, encoding);
    });
  }

  handle(call: Call): object | PromiseLike<object> {
    this.#context = new UnaryContext(call, this.#http, this.#format.protocol);
    return this.#served.handler(call.message as Message, this.#context);
  }

  answer(response: object): void {
    const { headBytes } = this.#protocol;
    const data = encodeResponse(this.#served, this.#format, response, headBytes, this.#options.registry);
    const length = data.length - headBytes;
    if (length > this.#options.responseMaxBytes)
      throw callFailure(
        ErrorReason.MESSAGE_TOO_LARGE,
        `The answer is larger than ${this.#options.responseMaxBytes} bytes.`,
      );
    const encoding = length < COMPRESS_MIN_BYTES ? undefined : this.#responseEncoding();
    if (encoding === undefined) {
      this.#send(data, undefined);
    } else {
      compress(encoding, data.subarray(headBytes))
        .then(
          (compressed) => this.#send(compressed, encoding),
          () => this.#send(data, undefined),
        )
        .catch(() => this.#http.abandon());
    }
  }

  refuse(error: ConnectError): void {
    if (this.#tryRefuse(error, this.#context)) return;
    // What the handler or the error wants to send along may not stand in a header.
    const plain = new ConnectError(error.rawMessage, error.code);
    plain.details = error.details;
    if (!this.#tryRefuse(plain, undefined)) this.#http.abandon();
  }

  #tryRefuse(error: ConnectError, context: UnaryContext | undefined): boolean {
    try {
      this.#protocol.refuse(this.#http, error, this.#format, context);
      return true;
    } catch {
      return false;
    }
  }

  #send(data: Buffer, encoding: Encoding | undefined): void {
    this.#protocol.answer(this.#http, { data, encoding, format: this.#format, context: this.#context });
  }

  #requestEncoding(): Encoding | undefined {
    const name = this.#query === undefined ? this.get(this.#protocol.encoding) : this.#query.compression;
    if (name === null || name === "" || name === "identity") return undefined;
    if (isEncoding(name)) return name;
    throw callFailure(
      ErrorReason.ENCODING_UNKNOWN,
      `The request is compressed in a way that is not known here; known are ${ENCODINGS.join(", ")}.`,
      { metadata: { supported: ENCODINGS.join(",") } },
    );
  }

  #responseEncoding(): Encoding | undefined {
    const accepted = this.get(this.#protocol.acceptEncoding);
    const requested = this.get(this.#protocol.encoding);
    const same = requested !== null && isEncoding(requested) ? requested : undefined;
    if (!this.#protocol.compressesByDefault && same === undefined) return undefined;
    return accepted === null || accepted === "" ? same : firstEncoding(accepted);
  }

  #take(call: UnaryCall<object>, body: Buffer, encoding: Encoding | undefined): void {
    let packed: Packed;
    try {
      packed = this.#protocol.unpack(body, this.#format, encoding !== undefined);
      if (packed.data.length > this.#options.requestMaxBytes) throw tooLarge(this.#options.requestMaxBytes);
      // A code that gRPC prescribes (https://github.com/grpc/grpc/blob/master/doc/compression.md).
      if (packed.compressed && encoding === undefined)
        throw callFailure(ErrorReason.INTERNAL, "The request is compressed, but does not say how.");
    } catch (error) {
      call.fail(error);
      return;
    }
    if (packed.compressed && encoding !== undefined) this.#decompress(call, packed.data, encoding);
    else this.#decode(call, packed.data);
  }

  #decompress(call: UnaryCall<object>, data: Uint8Array, encoding: Encoding): void {
    const { requestMaxBytes } = this.#options;
    decompress(encoding, data, requestMaxBytes).then(
      (it) => this.#decode(call, it),
      (error: unknown) => {
        const isTooLarge = error instanceof DecompressionError && error.tooLarge;
        call.fail(
          isTooLarge
            ? tooLarge(requestMaxBytes)
            : callFailure(ErrorReason.INVALID_INPUT, `The request is not valid ${encoding}.`),
        );
      },
    );
  }

  #decode(call: UnaryCall<object>, data: Uint8Array): void {
    let message: Message;
    try {
      message = decodeRequest(this.#served, this.#format, data, this.#options.registry);
    } catch (error) {
      call.fail(error);
      return;
    }
    call.received(message);
  }
}
