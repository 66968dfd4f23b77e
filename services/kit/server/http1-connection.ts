import type { ServerResponse } from "node:http";
import type net from "node:net";
import type { Peer } from "../identity/workload.ts";
import type { Holder } from "./held.ts";
import type { Keeping } from "./http2-connection.ts";
import { peerOf } from "./peer.ts";
import { Reader } from "./reader.ts";
import type { Watched } from "./watchdog.ts";

/** An HTTP/1.1 client's connection, and what is known of its conduct. */
export class Http1Connection implements Watched, Holder {
  readonly peer: Peer;
  heldBytes = 0;
  readonly #socket: net.Socket;
  readonly #keeping: Keeping;
  readonly #reader: Reader;
  #pipelined = 0;

  constructor(socket: net.Socket, keeping: Keeping) {
    this.peer = peerOf(socket);
    this.#socket = socket;
    this.#keeping = keeping;
    this.#reader = new Reader(keeping.limits);
    socket.on("close", () => keeping.watchdog.remove(this));
    keeping.watchdog.add(this);
  }

  /** @returns false when too much is held for this client already */
  hold(bytes: number): boolean {
    return this.#keeping.held.add(this, bytes);
  }

  release(bytes: number): void {
    this.#keeping.held.remove(this, bytes);
  }

  cutOff(): void {
    this.#socket.destroy();
  }

  /** A request came while earlier ones wait for their answers. @returns false when those are too many */
  pipeline(response: ServerResponse): boolean {
    this.#pipelined += 1;
    response.on("close", () => {
      this.#pipelined -= 1;
    });
    return this.#pipelined < this.#keeping.limits.pipelinedMax;
  }

  check(nowMs: number): void {
    if (this.#reader.isTooSlow(nowMs, this.#socket.writableLength)) this.cutOff();
  }
}
