import { setTimeout as delay } from "node:timers/promises";
import { type DescMethod, fromBinary, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { type CallOptions, ConnectError } from "@connectrpc/connect";
import type { ClientCompatRequest, ClientResponseResult, Response } from "./messages.ts";
import { appendHeaders, headerList, statusOf } from "./metadata.ts";

type Method = (input: unknown, options: CallOptions) => Promise<Response> | AsyncIterable<Response>;

// As the suite numbers its types of streams.
const FULL_DUPLEX = 5;

/** Wakes who waits for an answer, or for there being no more. */
class Answers {
  #count = 0;
  #over = false;
  #wake = () => {};

  add(): number {
    this.#count += 1;
    this.#wake();
    return this.#count;
  }

  end(): void {
    this.#over = true;
    this.#wake();
  }

  async reached(count: number): Promise<void> {
    while (this.#count < count && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A call that the suite asks for, made and watched to its end. */
export class SuiteCall {
  readonly #method: DescMethod;
  readonly #request: ClientCompatRequest;
  readonly #cancel = new AbortController();
  readonly #answers = new Answers();
  readonly #payloads: NonNullable<Response["payload"]>[] = [];
  #header = new Headers();
  #trailer = new Headers();
  #sent = 0;

  constructor(method: DescMethod, request: ClientCompatRequest) {
    this.#method = method;
    this.#request = request;
  }

  /** Makes the call by a client's method; what it fails with is part of the result. */
  async make(call: Method): Promise<MessageInitShape<GenMessage<ClientResponseResult>>> {
    let error: ConnectError | undefined;
    try {
      const answer = call(this.#input(), this.#options());
      if (answer instanceof Promise) this.#receive(await answer);
      else for await (const response of answer) this.#receive(response);
    } catch (thrown) {
      error = ConnectError.from(thrown);
      // Of a call that failed, Connect tells both in one.
      if (this.#trailer.keys().next().done) this.#trailer = error.metadata;
    } finally {
      this.#answers.end();
    }
    return {
      payloads: this.#payloads,
      responseHeaders: headerList(this.#header),
      responseTrailers: headerList(this.#trailer),
      numUnsentRequests: this.#request.requestMessages.length - this.#sent,
      ...(error !== undefined && { error: statusOf(error) }),
    };
  }

  #options(): CallOptions {
    const headers = new Headers();
    appendHeaders(headers, this.#request.requestHeaders);
    const { timeoutMs } = this.#request;
    return {
      headers,
      signal: this.#cancel.signal,
      onHeader: (it) => {
        this.#header = it;
      },
      onTrailer: (it) => {
        this.#trailer = it;
      },
      ...(timeoutMs !== undefined && { timeoutMs }),
    };
  }

  #input(): Message | AsyncIterable<Message> {
    const messages = this.#request.requestMessages.map((it) => fromBinary(this.#method.input, it.value));
    const kind = this.#method.methodKind;
    if (kind === "client_streaming" || kind === "bidi_streaming") return this.#stream(messages);
    const [message] = messages;
    if (message === undefined) throw new Error(`${this.#method.name} needs a message`);
    this.#sent = 1;
    this.#cancelAfterClose();
    return message;
  }

  async *#stream(messages: readonly Message[]): AsyncGenerator<Message> {
    for (const message of messages) {
      await delay(this.#request.requestDelayMs);
      this.#sent += 1;
      yield message;
      if (this.#request.streamType === FULL_DUPLEX) await this.#answers.reached(this.#sent);
    }
    if (this.#request.cancel?.cancelTiming.case === "beforeCloseSend") this.#cancel.abort();
    else this.#cancelAfterClose();
  }

  #cancelAfterClose(): void {
    const { cancel } = this.#request;
    if (cancel === undefined) return;
    const { case: when, value } = cancel.cancelTiming;
    if (when === undefined || when === "afterCloseSendMs") setTimeout(() => this.#cancel.abort(), value ?? 0);
  }

  #receive(response: Response): void {
    this.#payloads.push(response.payload ?? ({} as NonNullable<Response["payload"]>));
    const count = this.#answers.add();
    const timing = this.#request.cancel?.cancelTiming;
    if (timing?.case === "afterNumResponses" && timing.value === count) this.#cancel.abort();
  }
}
