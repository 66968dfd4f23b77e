import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { Body } from "../wire/body.ts";
import { toHeaders } from "../wire/metadata.ts";
import type { HttpExchange, OnBody } from "./http-exchange.ts";

/** An exchange of node:http. */
export class Http1Exchange implements HttpExchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #answered = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    // A connection that breaks off closes the response, which is all that matters.
    request.on("error", ignore);
    response.on("error", ignore);
  }

  get verb(): string {
    return this.#request.method ?? "";
  }

  get url(): string {
    return this.#request.url ?? "";
  }

  get peerAddress(): string {
    return this.#request.socket.remoteAddress ?? "";
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === "object" ? value.join(", ") : value;
  }

  headers(): Headers {
    return toHeaders(this.#request.headers);
  }

  read(maxBytes: number, onBody: OnBody): void {
    const body = new Body(maxBytes);
    this.#request.on("data", (chunk: Buffer) => {
      if (!this.#answered && !body.add(chunk)) onBody(undefined);
    });
    this.#request.on("end", () => {
      if (!this.#answered) onBody(body.bytes());
    });
  }

  abandon(): void {
    this.#answered = true;
    this.#response.destroy();
  }

  onGone(listener: () => void): void {
    this.#response.on("close", () => {
      if (!this.#answered) listener();
    });
  }

  respond(status: number, header: OutgoingHttpHeaders, body?: Uint8Array, trailer?: OutgoingHttpHeaders): void {
    const response = this.#response;
    this.#answered = true;
    if (response.destroyed) return;
    if (trailer === undefined) header["content-length"] = body?.length ?? 0;
    else header.trailer = Object.keys(trailer).join(", ");
    // Where the request has a rest that nobody reads, node takes it in and forgets it.
    response.writeHead(status, header);
    if (trailer !== undefined) response.addTrailers(trailer as Readonly<Record<string, string>>);
    response.end(body);
  }
}

function ignore(): void {}
