import type { Address, WorkloadTls } from "./cluster.ts";

/** Where a plain Envoy stands: what the contracts do not say. */
export interface EnvoyOptions {
  /** Where the replicas of a workload are. */
  readonly addressesOf: (workload: string) => readonly Address[];
  /** The address to listen on. */
  readonly host: string;
  /** Without a certificate everything is served here; with one, whoever comes is sent to HTTPS. */
  readonly httpPort: number;
  readonly https?: { readonly port: number; readonly certificate: string; readonly key: string };
  /** The value of the field that proves to services that the edge calls; may hold Envoy's operators. */
  readonly proof?: string;
  /** Where services know callers by their certificates: the edge's own, and the name that a workload's has to hold. */
  readonly workloadTls?: WorkloadTls;
  /** Other origins whose pages may call: "https://app.example". */
  readonly origins: readonly string[];
  /** Where Envoy tells about itself; left out: nowhere. */
  readonly adminPort?: number;
}
