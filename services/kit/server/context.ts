import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type ContextValues, createContextValues, type HandlerContext } from "@connectrpc/connect";
import type { Call } from "../call.ts";
import type { HttpExchange } from "./http-exchange.ts";

/** What a handler is told of its call. Headers, signal and values are made when it asks for them. */
export class UnaryContext implements HandlerContext {
  readonly method: DescMethod;
  readonly protocolName: string;
  readonly #call: Call;
  readonly #http: HttpExchange;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;
  #values: ContextValues | undefined;

  constructor(call: Call, http: HttpExchange, protocolName: string) {
    this.method = call.method;
    this.protocolName = protocolName;
    this.#call = call;
    this.#http = http;
  }

  get service(): DescService {
    return this.method.parent;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get requestMethod(): string {
    return this.#http.verb;
  }

  get url(): string {
    return `http://${this.#http.header(":authority") ?? this.#http.header("host") ?? "localhost"}${this.#http.url}`;
  }

  get requestHeader(): Headers {
    this.#requestHeader ??= this.#http.headers();
    return this.#requestHeader;
  }

  get responseHeader(): Headers {
    this.#responseHeader ??= new Headers();
    return this.#responseHeader;
  }

  get responseTrailer(): Headers {
    this.#responseTrailer ??= new Headers();
    return this.#responseTrailer;
  }

  get values(): ContextValues {
    this.#values ??= createContextValues();
    return this.#values;
  }

  /** Milliseconds until the call has to be answered. */
  get timeoutMs(): () => number | undefined {
    const { deadlineMs } = this.#call;
    return () => (deadlineMs === undefined ? undefined : deadlineMs - performance.now());
  }

  /** What the handler wants to send before the answer; undefined if it never asked. */
  get writtenHeader(): Headers | undefined {
    return this.#responseHeader;
  }

  /** What the handler wants to send after the answer. */
  get writtenTrailer(): Headers | undefined {
    return this.#responseTrailer;
  }
}
