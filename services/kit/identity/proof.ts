import { createHmac, timingSafeEqual } from "node:crypto";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "../failure.ts";
import { EDGE, WORKLOAD_HEADER, type WorkloadIdentity } from "./workload.ts";

/** Names with a proof, for the processes that share a secret. */
export interface Proofs {
  /** The value of the header for calls by this workload. */
  prove(workload: string): string;
  /** The workload that a header value proves; undefined if it proves nothing. */
  verify(value: string): string | undefined;
}

/**
 * Proofs by a secret that the shop's processes share. Without it nobody on the same machine can pass for a service, so
 * calls that only services may make stay closed to whoever reaches a port directly.
 */
export function createProofs(secret: Uint8Array): Proofs {
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

/**
 * A workload's identity by proof, for processes on one machine. An unnamed caller is somebody outside, who gets what a
 * browser gets through the edge and no more.
 */
export function proofIdentity(proofs: Proofs, workload: string): WorkloadIdentity {
  return {
    header: { [WORKLOAD_HEADER]: proofs.prove(workload) },
    unnamed: EDGE,
    callerOf({ header }) {
      const proof = header.get(WORKLOAD_HEADER);
      if (proof === null) return undefined;
      const caller = proofs.verify(proof);
      if (caller === undefined)
        throw callFailure(ErrorReason.CALLER_NOT_ALLOWED, "The calling workload could not be verified.");
      return caller;
    },
  };
}
