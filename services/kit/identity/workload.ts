import type { CallHeader } from "../call.ts";
import type { WorkloadTls } from "../tls/workload-tls.ts";

/** The header that names the calling workload, with a proof (proof.ts). */
export const WORKLOAD_HEADER = "shop-workload";

/** The browser-facing edge, as contracts name it. */
export const EDGE = "edge";

/** Who calls where nobody says it and somebody should: may do what is open to everybody ("*"), and no more. */
export const NOBODY = "";

/** The other end of a connection. */
export interface Peer {
  /** Its address; that of a proxy, where there is one. */
  readonly address: string;
  /** The SPIFFE id in the certificate that it showed and that was verified; undefined where it showed none. */
  readonly spiffeId: string | undefined;
}

/** What a request brings that may say which workload makes it. */
export interface Arrival {
  readonly header: CallHeader;
  readonly peer: Peer;
}

/** How one workload shows the others who it is, and learns who they are. */
export interface WorkloadIdentity {
  /** Header fields of its calls. */
  readonly header: Readonly<Record<string, string>>;
  /** What a caller is taken for whom nobody says anything of. */
  readonly unnamed: string;
  /**
   * The workload that makes a call; undefined where nothing is said of it.
   * @throws Failure CALLER_NOT_ALLOWED where what is said does not hold.
   */
  callerOf(arrival: Arrival): string | undefined;
  /** Its port and its connections to others; undefined where they are in cleartext, since they leave the machine only through a mesh. */
  readonly tls?: WorkloadTls;
}
