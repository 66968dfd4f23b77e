import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./ports.ts";

/** A way to a server that can be broken: what lies between a service and its engine in a network. */
export interface TcpProxy {
  readonly host: string;
  readonly port: number;
  /** Resets every connection and refuses new ones: a firewall that says no. */
  cutOff(): Promise<void>;
  /** Takes connections and passes nothing on, neither of the old ones nor of new ones: a network that has split. */
  blackHole(): void;
  /** Passes everything on again. Connections of the time before are gone: they are reset. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

/** Stands before the server at `host:port`, at an address of this machine, on a port of its own: a free one where none is named. */
export async function startTcpProxy(
  host: string,
  port: number,
  own: { readonly host?: string; readonly port?: number } = {},
): Promise<TcpProxy> {
  const ownHost = own.host ?? "127.0.0.1";
  const ownPort = own.port ?? (await freePort());
  const sockets = new Set<Socket>();
  let passing = true;
  let server: Server | undefined;

  function hold(socket: Socket): Socket {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    if (!passing) socket.pause();
    return socket;
  }
  function accept(client: Socket): void {
    hold(client);
    if (!passing) return;
    const upstream = hold(connect({ host, port, noDelay: true }));
    client.setNoDelay(true);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.pipe(to);
      from.once("error", () => to.resetAndDestroy());
      from.once("close", () => to.destroy());
    }
  }
  const reset = () => {
    for (const it of sockets) it.resetAndDestroy();
  };
  async function listen(): Promise<void> {
    if (server !== undefined) return;
    const listening = createServer({ noDelay: true }, accept);
    server = listening;
    await new Promise<void>((resolve, reject) => listening.once("error", reject).listen(ownPort, ownHost, resolve));
  }
  async function close(): Promise<void> {
    const closing = server;
    server = undefined;
    const closed = new Promise<void>((resolve) => (closing === undefined ? resolve() : closing.close(() => resolve())));
    reset();
    await closed;
  }
  await listen();
  return {
    host: ownHost,
    port: ownPort,
    cutOff: close,
    blackHole() {
      passing = false;
      for (const it of sockets) it.unpipe().pause();
    },
    async heal() {
      passing = true;
      reset();
      await listen();
    },
    close,
  };
}
