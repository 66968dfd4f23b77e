import type { Logger } from "pino";
import { openWorkloadTls, type WorkloadTls } from "../tls/workload-tls.ts";
import { istioIdentity } from "./istio.ts";
import { mutualTlsIdentity } from "./mutual-tls.ts";
import { createProofs, proofIdentity } from "./proof.ts";
import { workloadSecret } from "./secret.ts";
import { filesOf, type IdentitySettings } from "./settings.ts";
import type { WorkloadIdentity } from "./workload.ts";

/** The identities of the workloads that a process runs: one in a cluster, all of them on a laptop. */
export interface Identities {
  /** @throws StartError where a workload cannot show who it is */
  of(workload: string): Promise<WorkloadIdentity>;
  /** The TLS of one of the workloads so far, for what all of a process need; undefined where there is none. */
  readonly tls: WorkloadTls | undefined;
}

/** Certificates are read once for each workload. */
function tlsIdentities({ realm, files }: IdentitySettings & { kind: "tls" }, log: Logger, pollMs?: number): Identities {
  const pending = new Map<string, Promise<WorkloadIdentity>>();
  const opened: WorkloadTls[] = [];
  const open = async (workload: string) => {
    const tls = await openWorkloadTls({ workload, files: filesOf(files, workload), realm, log, pollMs });
    opened.push(tls);
    return mutualTlsIdentity(tls, realm);
  };
  return {
    of(workload) {
      const identity = pending.get(workload) ?? open(workload);
      pending.set(workload, identity);
      return identity;
    },
    get tls() {
      return opened[0];
    },
  };
}

/** Identities as the settings say. */
export async function createIdentities(options: {
  readonly settings: { readonly identity: IdentitySettings; readonly dataDir: string };
  readonly log: Logger;
  /** How often new certificates are looked for; by default, often enough. */
  readonly pollMs?: number;
}): Promise<Identities> {
  const { identity, dataDir } = options.settings;
  switch (identity.kind) {
    case "proof": {
      const proofs = createProofs(await workloadSecret(dataDir));
      return { of: async (workload) => proofIdentity(proofs, workload), tls: undefined };
    }
    case "istio":
      return { of: async () => istioIdentity(identity.realm, identity), tls: undefined };
    case "tls":
      return tlsIdentities(identity, options.log, options.pollMs);
  }
}
