import type { X509Certificate } from "node:crypto";
import type net from "node:net";
import type { Peer } from "../identity/workload.ts";
import { spiffeIdIn } from "../tls/certificate.ts";

/** A socket, or what node:http2 gives for one; it may be gone. */
type PeerSocket = Pick<net.Socket, "remoteAddress"> & {
  getPeerX509Certificate?: () => X509Certificate | undefined;
};

/** The other end of a connection. What it showed has been verified before anything else was done on the connection. */
export function peerOf(socket: PeerSocket | undefined): Peer {
  const certificate = socket?.getPeerX509Certificate?.();
  return {
    address: socket?.remoteAddress ?? "",
    spiffeId: certificate === undefined ? undefined : spiffeIdIn(certificate),
  };
}
