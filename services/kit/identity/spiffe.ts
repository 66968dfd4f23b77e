import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "../failure.ts";

// Names of workloads as certificates carry them (https://github.com/spiffe/spiffe, SPIFFE-ID.md), in the form that Istio,
// cert-manager and SPIRE give to service accounts of Kubernetes.

/** Where the shop lives, unless its settings say otherwise. */
export const TRUST_DOMAIN = "cluster.local";
export const NAMESPACE = "shopmesh";

/** Whose names are those of the shop's workloads. */
export interface Realm {
  /** Whoever holds its keys vouches for the names in it. */
  readonly trustDomain: string;
  /** The namespace of the shop's service accounts. */
  readonly namespace: string;
  /** Workloads whose service account has another name than they have. */
  readonly accounts?: Readonly<Record<string, string>>;
}

/** The service account of the ingress that Istio makes for the Gateway API's Gateway `edge` (name and class, joined). */
export const ISTIO_ACCOUNTS = { edge: "edge-istio" } as const;

// What Kubernetes lets a service account be called (a DNS subdomain).
const ACCOUNT = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** The SPIFFE id of a workload. */
export function spiffeIdOf(workload: string, { trustDomain, namespace, accounts = {} }: Realm): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${accounts[workload] ?? workload}`;
}

/**
 * The workload with a SPIFFE id; undefined for what is no name of this realm. A service account that is no workload of the
 * shop is a workload of its own name. One that is called as a workload whose account has another name is nobody.
 */
export function workloadOfSpiffeId(id: string, { trustDomain, namespace, accounts = {} }: Realm): string | undefined {
  const prefix = `spiffe://${trustDomain}/ns/${namespace}/sa/`;
  if (!id.startsWith(prefix)) return undefined;
  const account = id.slice(prefix.length);
  if (!ACCOUNT.test(account)) return undefined;
  for (const workload in accounts) if (accounts[workload] === account) return workload;
  return Object.hasOwn(accounts, account) ? undefined : account;
}

/**
 * The workload that a caller has proven to be, by its SPIFFE id.
 * @throws Failure CALLER_NOT_ALLOWED for another realm's: it may not even do what is open to all of the shop's workloads
 */
export function callerOfSpiffeId(id: string, realm: Realm): string {
  const workload = workloadOfSpiffeId(id, realm);
  if (workload !== undefined) return workload;
  throw callFailure(ErrorReason.CALLER_NOT_ALLOWED, "The caller is no workload of the shop.");
}
