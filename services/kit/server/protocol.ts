import type { ConnectError } from "@connectrpc/connect";
import type { Encoding } from "../wire/compression.ts";
import type { UnaryContext } from "./context.ts";
import type { Format } from "./format.ts";
import type { HttpExchange } from "./http-exchange.ts";

/** A message as it arrived. */
export interface Packed {
  readonly data: Uint8Array;
  readonly compressed: boolean;
}

/** An answer to be sent. */
export interface Answer {
  /** The message; if it is not compressed, with `headBytes` of the protocol left free before it. */
  readonly data: Buffer;
  /** How `data` is compressed. */
  readonly encoding: Encoding | undefined;
  readonly format: Format;
  /** What the handler was told of its call, for the headers it wrote. */
  readonly context: UnaryContext | undefined;
}

/** What is peculiar to one of the three protocols in a unary call. */
export interface Protocol {
  /** Names of headers. */
  readonly timeout: string;
  readonly encoding: string;
  readonly acceptEncoding: string;
  /** Whether an answer is compressed for whoever can take it; if not, only for who compressed the request. */
  readonly compressesByDefault: boolean;
  /** How many bytes are left free before a message that is not compressed, so that it need not be copied into its envelope. */
  readonly headBytes: number;
  /** Milliseconds of the header named `timeout`; NaN for a malformed one. */
  readTimeoutMs(value: string): number;
  /**
   * The message in a body.
   * @throws Failure when there is not exactly one.
   */
  unpack(body: Buffer, format: Format, isCompressed: boolean): Packed;
  answer(http: HttpExchange, answer: Answer): void;
  refuse(http: HttpExchange, error: ConnectError, format: Format, context: UnaryContext | undefined): void;
}
