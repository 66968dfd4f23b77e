import { constants } from "node:crypto";
import type net from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { WorkloadTls } from "../tls/workload-tls.ts";
import type { Limits } from "./limits.ts";

/** What a port needs of a workload's TLS. */
export type PortTls = Pick<WorkloadTls, "credentials" | "onRenewal">;

// Whoever comes back has to show its certificate again: a resumed session would be believed by what was true when it began.
const NO_RESUMPTION = { secureOptions: constants.SSL_OP_NO_TICKET } as const;

function contextOptions({ credentials: { cert, key, ca, minVersion } }: PortTls) {
  return { cert, key, ca, minVersion, ...NO_RESUMPTION };
}

/**
 * A server that speaks TLS and asks for a certificate. Who shows none may come in, for the calls that nobody needs a name
 * for; who shows one that does not hold may not.
 * @param onRefused told why a connection came to nothing
 */
export function createTlsServer(options: {
  readonly tls: PortTls;
  readonly limits: Limits;
  readonly onSecure: (socket: TLSSocket) => void;
  readonly onRefused: (error: Error) => void;
}): net.Server {
  const { tls, limits, onSecure, onRefused } = options;
  const server = createServer({
    ...contextOptions(tls),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ["h2", "http/1.1"],
    handshakeTimeout: limits.firstBytesTimeoutMs,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: limits.tcpKeepAliveAfterMs,
  });
  server.on("secureConnection", (socket) => {
    if (socket.authorized || socket.getPeerX509Certificate() === undefined) return onSecure(socket);
    onRefused(new Error(`the client's certificate is not valid: ${String(socket.authorizationError)}`));
    socket.destroy();
  });
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
    socket.destroy(); // node leaves that to us
    // Who hangs up before the handshake is over wanted to know whether somebody listens.
    if (error.code !== "ECONNRESET") onRefused(error);
  });
  const stop = tls.onRenewal(() => server.setSecureContext(contextOptions(tls)));
  server.on("close", stop);
  return server;
}
