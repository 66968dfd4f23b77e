import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { Address } from "./target.ts";

/** Makes the TLS options of the next connection. */
export type TlsOptions = () => ConnectionOptions;

const TCP_KEEPALIVE_MS = 15_000;

/**
 * Connects to an address, for HTTP/2.
 * @param tlsOptions left out, a server is known by its host's name, by the system's authorities
 */
export function openSocket({ target, ip }: Address, tlsOptions: TlsOptions | undefined): Duplex {
  const options = { host: ip, port: target.port, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS };
  if (target.scheme === "http") return connectTcp(options);
  const name = target.host === ip ? {} : { servername: target.host };
  const socket = connectTls({ ...options, ALPNProtocols: ["h2"], ...name, ...tlsOptions?.() });
  return socket.once("secureConnect", () => {
    if (socket.alpnProtocol !== "h2") socket.destroy(new Error("the server does not speak HTTP/2"));
  });
}
