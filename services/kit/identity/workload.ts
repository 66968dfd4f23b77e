import { createHmac, timingSafeEqual } from "node:crypto";

/** The header that names the calling workload, with a proof. */
export const WORKLOAD_HEADER = "shop-workload";

/** What an unnamed caller is taken for: somebody outside, who gets what a browser gets through the edge and no more. */
export const OUTSIDE = "edge";

/** Proves to other workloads who calls, where there is no mesh that does. */
export interface WorkloadIdentity {
  /** The value of the header for calls by this workload. */
  prove(workload: string): string;
  /** The workload that a header value proves; undefined if it proves nothing. */
  verify(value: string): string | undefined;
}

/**
 * Workload identity by a secret that the shop's processes share. Without it nobody on the same machine can pass for a
 * service, so calls that only services may make stay closed to whoever reaches a port directly.
 */
export function createWorkloadIdentity(secret: Uint8Array): WorkloadIdentity {
  const sign = (workload: string) => createHmac("sha256", secret).update(workload).digest("base64url");
  // A workload shows the same proof with every call. Only proofs that hold are kept, and there are as many as workloads.
  const known = new Map<string, string>();
  return {
    prove: (workload) => `${workload}.${sign(workload)}`,
    verify(value) {
      const before = known.get(value);
      if (before !== undefined) return before;
      const dot = value.indexOf(".");
      const workload = value.slice(0, dot);
      const given = Buffer.from(value.slice(dot + 1));
      const expected = Buffer.from(sign(workload));
      const holds = dot > 0 && given.length === expected.length && timingSafeEqual(given, expected);
      if (!holds) return undefined;
      known.set(value, workload);
      return workload;
    },
  };
}
