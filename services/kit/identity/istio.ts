import { callerOfSpiffeId, type Realm } from "./spiffe.ts";
import { NOBODY, type WorkloadIdentity } from "./workload.ts";
import { peerUriOf, XFCC_HEADER } from "./xfcc.ts";

// Where Istio's sidecar calls its workload from: its own loopback address, or the plain one where a Sidecar resource says so.
// No packet with such an address comes from another machine. Sockets for both versions of IP write IPv4 within IPv6.
const SIDECAR_ADDRESSES: ReadonlySet<string> = new Set(
  ["127.0.0.6", "127.0.0.1"].flatMap((it) => [it, `::ffff:${it}`]).concat("::6", "::1"),
);

/**
 * Identity where Istio's sidecars hold it: they show the certificates, and tell in a header whose the caller's was. What
 * comes past the sidecar is nobody's, whatever it says.
 */
export function istioIdentity(realm: Realm): WorkloadIdentity {
  return {
    header: {},
    unnamed: NOBODY,
    callerOf({ header, peer }) {
      if (!SIDECAR_ADDRESSES.has(peer.address)) return undefined;
      const told = header.get(XFCC_HEADER);
      const uri = told === null ? undefined : peerUriOf(told);
      return uri === undefined ? undefined : callerOfSpiffeId(uri, realm);
    },
  };
}
