import { istioIdentity } from "./istio.ts";
import { createProofs, proofIdentity } from "./proof.ts";
import { workloadSecret } from "./secret.ts";
import type { IdentitySettings } from "./settings.ts";
import type { WorkloadIdentity } from "./workload.ts";

/** The identities of the workloads that a process runs: one in a cluster, all of them on a laptop. */
export interface Identities {
  /** @throws StartError where a workload cannot show who it is */
  of(workload: string): Promise<WorkloadIdentity>;
}

/** Identities as the settings say. */
export async function createIdentities(settings: {
  readonly identity: IdentitySettings;
  readonly dataDir: string;
}): Promise<Identities> {
  const { identity } = settings;
  switch (identity.kind) {
    case "proof": {
      const proofs = createProofs(await workloadSecret(settings.dataDir));
      return { of: async (workload) => proofIdentity(proofs, workload) };
    }
    case "istio":
      return { of: async () => istioIdentity(identity.realm) };
    case "tls":
      throw new Error("not yet");
  }
}
