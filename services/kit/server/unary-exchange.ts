import type { DescMethod, Message } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import type { Policy } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Call, CallHeader } from "../call.ts";
import { callFailure } from "../failure.ts";
import type { Peer } from "../identity/workload.ts";
import type { Exchange, UnaryCall } from "../pipeline/unary.ts";
import { compress, type Encoding, firstEncoding, isEncoding } from "../wire/compression.ts";
import { UnaryContext } from "./context.ts";
import type { Format } from "./format.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { encodeResponse, type UnaryMethod } from "./methods.ts";
import type { Protocol } from "./protocol.ts";
import {
  decodeRequest,
  type MessageOptions,
  messageBytes,
  PACKING_BYTES,
  requestEncoding,
  requestTooLarge,
} from "./request.ts";

// What compression saves of less than this is lost again by the time it takes.
const COMPRESS_MIN_BYTES = 1_024;
// Base64, where gRPC-Web is text.
const TEXT_FACTOR = 4 / 3;

const NOTHING = Buffer.alloc(0);

/** What a request, by GET, holds instead of a body. */
export interface Query {
  readonly message: Buffer;
  readonly compression: string | null;
}

/** A unary call as the pipeline sees it, by any of the protocols. A class, since one is made with each call. */
export class UnaryExchange implements Exchange<object>, CallHeader {
  readonly method: DescMethod;
  readonly policy: Policy;
  readonly peer: Peer;
  readonly callerTimeoutMs: number | undefined;
  readonly #http: HttpExchange;
  readonly #served: UnaryMethod;
  readonly #format: Format;
  readonly #protocol: Protocol;
  readonly #options: MessageOptions;
  readonly #query: Query | undefined;
  readonly #isTimeoutMalformed: boolean;
  #context: UnaryContext | undefined;
  #data: Buffer = NOTHING;
  #encoding: Encoding | undefined;

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
    this.peer = http.peer;
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
    const encoding = requestEncoding(
      this.#query === undefined ? this.get(this.#protocol.encoding) : this.#query.compression,
    );
    if (this.#query === undefined) this.#read(call, encoding);
    else this.#take(call, this.#query.message, encoding);
  }

  #read(call: UnaryCall<object>, encoding: Encoding | undefined): void {
    const { requestMaxBytes } = this.#served;
    const maxBytes = (requestMaxBytes + PACKING_BYTES) * (this.#format.text ? TEXT_FACTOR : 1);
    this.#http.read(maxBytes, (body) => {
      if (body === undefined) call.fail(requestTooLarge(requestMaxBytes));
      else this.#take(call, body, encoding);
    });
  }

  handle(call: Call): object | PromiseLike<object> {
    this.#context = new UnaryContext(call, this.#http, this.#format.protocol);
    return this.#served.handler(call.message as Message, this.#context);
  }

  encode(response: object): void | Promise<void> {
    const { headBytes } = this.#protocol;
    const data = encodeResponse(this.#served, this.#format, response, headBytes, this.#options.registry);
    const length = data.length - headBytes;
    if (length > this.#options.responseMaxBytes)
      throw callFailure(
        ErrorReason.MESSAGE_TOO_LARGE,
        `The answer is larger than ${this.#options.responseMaxBytes} bytes.`,
      );
    this.#data = data;
    const encoding = length < COMPRESS_MIN_BYTES ? undefined : this.#responseEncoding();
    if (encoding === undefined) return undefined;
    return compress(encoding, data.subarray(headBytes)).then((compressed) => {
      this.#data = compressed;
      this.#encoding = encoding;
    });
  }

  answer(): void {
    this.#protocol.answer(this.#http, {
      data: this.#data,
      encoding: this.#encoding,
      format: this.#format,
      context: this.#context,
    });
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

  #responseEncoding(): Encoding | undefined {
    const accepted = this.get(this.#protocol.acceptEncoding);
    const requested = this.get(this.#protocol.encoding);
    const same = requested !== null && isEncoding(requested) ? requested : undefined;
    if (!this.#protocol.compressesByDefault && same === undefined) return undefined;
    return accepted === null || accepted === "" ? same : firstEncoding(accepted);
  }

  #take(call: UnaryCall<object>, body: Buffer, encoding: Encoding | undefined): void {
    try {
      const packed = this.#protocol.unpack(body, this.#format, encoding !== undefined);
      const data = messageBytes(packed, encoding, this.#served.requestMaxBytes);
      if (data instanceof Promise)
        data.then((it) => this.#decode(call, it)).catch((error: unknown) => call.fail(error));
      else this.#decode(call, data);
    } catch (error) {
      call.fail(error);
    }
  }

  #decode(call: UnaryCall<object>, data: Uint8Array): void {
    call.received(decodeRequest(this.method, this.#format.codec, data, this.#options.registry));
  }
}
