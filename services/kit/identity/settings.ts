import { type Env, oneOf, wrong } from "../env.ts";
import { StartError } from "../start-error.ts";
import { ISTIO_ACCOUNTS, NAMESPACE, type Realm, TRUST_DOMAIN } from "./spiffe.ts";

/**
 * Where a workload's own certificate, its key, and the certificates of who vouches for the others' are: paths of PEM files.
 * "{workload}" in them stands for the workload's name, where a process runs several.
 */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** The files of one workload. */
export function filesOf({ cert, key, ca }: TlsFiles, workload: string): TlsFiles {
  const own = (path: string) => path.replaceAll("{workload}", workload);
  return { cert: own(cert), key: own(key), ca: own(ca) };
}

/**
 * How workloads know each other:
 * - proof: by a header with a secret's proof, for processes on one machine
 * - istio: by what the sidecar tells of the caller's certificate
 * - tls: by the certificates they show each other
 */
export type IdentitySettings =
  | { readonly kind: "proof" }
  | { readonly kind: "istio"; readonly realm: Realm; readonly forwardedPorts: boolean }
  | { readonly kind: "tls"; readonly realm: Realm; readonly files: TlsFiles };

const FILES = { cert: "TLS_CERT", key: "TLS_KEY", ca: "TLS_CA" } as const;

function readFiles(env: Env): TlsFiles | undefined {
  const all = Object.entries(FILES).map(([key, name]) => [key, name, env[name] ?? ""] as const);
  const missing = all.filter(([, , value]) => value === "").map(([, name]) => name);
  if (missing.length === all.length) return undefined;
  if (missing.length > 0)
    throw new StartError(
      `${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} missing: TLS_CERT, TLS_KEY and TLS_CA go together.`,
    );
  return Object.fromEntries(all.map(([key, , value]) => [key, value])) as unknown as TlsFiles;
}

/** A part of a SPIFFE id. */
function name(env: Env, variable: string, fallback: string): string {
  const value = env[variable] || fallback;
  if (!/^[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?$/.test(value))
    throw wrong(variable, value, "a name of lower-case letters, digits, dots and hyphens");
  return value;
}

/**
 * Reads and checks what is set of workloads' identity.
 * @throws StartError with a sentence that names the variable and what it must be.
 */
export function readIdentity(env: Env): IdentitySettings {
  const files = readFiles(env);
  const fallback = files === undefined ? "proof" : "tls";
  const kind = oneOf(env, "WORKLOAD_IDENTITY", ["proof", "istio", "tls"] as const, fallback);
  const realm = { trustDomain: name(env, "TRUST_DOMAIN", TRUST_DOMAIN), namespace: name(env, "NAMESPACE", NAMESPACE) };
  if (kind === "tls") {
    if (files === undefined)
      throw new StartError('WORKLOAD_IDENTITY is "tls", so TLS_CERT, TLS_KEY and TLS_CA must be set.');
    return { kind, realm, files };
  }
  if (files !== undefined)
    throw new StartError(
      `WORKLOAD_IDENTITY is "${kind}", which has no use for TLS_CERT, TLS_KEY and TLS_CA; unset them.`,
    );
  if (kind === "proof") return { kind };
  // Where services describe themselves to engineers, these may also call them past the sidecar, as whom they say.
  const forwardedPorts = ["dev", "qat"].includes(env.ENVIRONMENT || "dev");
  return { kind, realm: { ...realm, accounts: ISTIO_ACCOUNTS }, forwardedPorts };
}
