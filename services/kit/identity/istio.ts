import { callerOfSpiffeId, type Realm } from "./spiffe.ts";
import { NOBODY, type WorkloadIdentity } from "./workload.ts";
import { peerUriOf, XFCC_HEADER } from "./xfcc.ts";

const mapped = (addresses: readonly string[]) => addresses.flatMap((it) => [it, `::ffff:${it}`]);

// Where Istio's sidecar calls its workload from. No packet with such an address comes from another machine, nor from a
// forwarded port. Sockets for both versions of IP write IPv4 within IPv6.
const SIDECAR: readonly string[] = [...mapped(["127.0.0.6"]), "::6"];
// Where a forwarded port (kubectl port-forward) comes out: somebody who may do that, and says who they want to be.
const FORWARDED_PORT: readonly string[] = [...mapped(["127.0.0.1"]), "::1"];

/**
 * Identity where Istio's sidecars hold it: they show the certificates, and tell in a header whose the caller's was. What
 * comes past the sidecar is nobody's, whatever it says.
 * @param options.forwardedPorts whether what comes by a forwarded port is believed as well: where engineers try calls
 */
export function istioIdentity(realm: Realm, { forwardedPorts }: { forwardedPorts: boolean }): WorkloadIdentity {
  const believed: ReadonlySet<string> = new Set(forwardedPorts ? [...SIDECAR, ...FORWARDED_PORT] : SIDECAR);
  return {
    header: {},
    unnamed: NOBODY,
    callerOf({ header, peer }) {
      if (!believed.has(peer.address)) return undefined;
      const told = header.get(XFCC_HEADER);
      const uri = told === null ? undefined : peerUriOf(told);
      return uri === undefined ? undefined : callerOfSpiffeId(uri, realm);
    },
  };
}
