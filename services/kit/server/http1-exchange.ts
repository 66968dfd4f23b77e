import { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse, validateHeaderValue } from "node:http";
import type { Peer } from "../identity/workload.ts";
import { Body } from "../wire/body.ts";
import { toHeaders } from "../wire/metadata.ts";
import { HELD_MIN_BYTES, type HttpExchange, isDeclaredLarger, type OnBody, tooMuchHeld } from "./http-exchange.ts";
import type { Http1Connection } from "./http1-connection.ts";

/** An exchange of node:http. */
export class Http1Exchange implements HttpExchange {
  readonly #connection: Http1Connection;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #answered = false;
  #heldBytes = 0;

  constructor(connection: Http1Connection, request: IncomingMessage, response: ServerResponse) {
    this.#connection = connection;
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

  get peer(): Peer {
    return this.#connection.peer;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === "object" ? value.join(", ") : value;
  }

  headers(): Headers {
    return toHeaders(this.#request.headers);
  }

  read(maxBytes: number, onBody: OnBody): void {
    if (isDeclaredLarger(this.#request.headers["content-length"], maxBytes)) {
      onBody(undefined);
      return;
    }
    const body = new Body(maxBytes);
    this.#request.on("data", (chunk: Buffer) => {
      if (this.#answered) return;
      if (!body.add(chunk)) onBody(undefined);
      // Most requests come in one piece, which is not worth an account.
      else if (body.length > HELD_MIN_BYTES && !this.#hold(chunk.length)) this.#connection.cutOff();
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
      if (this.#heldBytes > 0) this.#connection.release(this.#heldBytes);
      if (!this.#answered) listener();
    });
  }

  respond(status: number, header: OutgoingHttpHeaders, body?: Uint8Array, trailer?: OutgoingHttpHeaders): void {
    const response = this.#response;
    if (response.destroyed) {
      this.#answered = true;
      return;
    }
    // Node would find fault with them when the header is written already, and there is no way back.
    for (const name in trailer) validateHeaderValue(name, String(trailer[name]));
    const length = body?.length ?? 0;
    if (length > HELD_MIN_BYTES && !this.#hold(length)) throw tooMuchHeld();
    this.#answered = true;
    if (trailer === undefined) header["content-length"] = length;
    else header.trailer = Object.keys(trailer).join(", ");
    // Where the request has a rest that nobody reads, node takes it in and forgets it.
    response.writeHead(status, header);
    if (trailer !== undefined) response.addTrailers(trailer as Readonly<Record<string, string>>);
    response.end(body);
  }

  #hold(bytes: number): boolean {
    if (!this.#connection.hold(bytes)) return false;
    this.#heldBytes += bytes;
    return true;
  }
}

function ignore(): void {}
