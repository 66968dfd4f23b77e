import type { WorkloadTls } from "../tls/workload-tls.ts";
import { callerOfSpiffeId, type Realm } from "./spiffe.ts";
import { NOBODY, type WorkloadIdentity } from "./workload.ts";

/** Identity by the certificates that workloads show each other. */
export function mutualTlsIdentity(tls: WorkloadTls, realm: Realm): WorkloadIdentity {
  return {
    header: {},
    unnamed: NOBODY,
    callerOf: ({ peer }) => (peer.spiffeId === undefined ? undefined : callerOfSpiffeId(peer.spiffeId, realm)),
    tls,
  };
}
