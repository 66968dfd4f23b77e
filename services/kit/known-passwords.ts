import type { Env } from "./env.ts";
import { StartError } from "./start-error.ts";

/** What compose.yaml and the cluster's dev have as passwords where nobody chose any: everybody may read them, here for one. */
export const KNOWN_PASSWORDS: readonly string[] = ["shopmesh", "shopmesh-dev"];

/** Variables that are a password as they stand. */
const PASSWORDS = ["ADMIN_PASSWORD", "REDIS_SENTINEL_PASSWORD", "S3_SECRET_KEY", "KAFKA_PASSWORD"];
/** URLs in which one may stand. */
const URLS = ["POSTGRES_URL", "POSTGRES_DIRECT_URL", "POSTGRES_REPLICA_URL", "MONGODB_URL", "REDIS_URL", "S3_URL"];

/** Who somebody is to a server, of a URL that may name several hosts: "user:password@". */
const LOGIN = /^[a-z0-9+]+:\/\/[^:/@]*:(?<password>[^/]*)@/i;
/** PostgreSQL's driver takes it here, too. */
const PARAMETER = /[?&]password=(?<password>[^&#]*)/;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const passwordsIn = (url: string): string[] =>
  [LOGIN, PARAMETER].flatMap((it) => decoded(it.exec(url)?.groups?.password ?? ""));

/**
 * Sees that nothing is guarded by a password that everybody knows. For environments other than dev.
 * @throws StartError with a sentence that names the variables
 */
export function refuseKnownPasswords(env: Env, environment: string): void {
  const isKnown = (it: string) => KNOWN_PASSWORDS.includes(it);
  const found = [
    ...PASSWORDS.filter((it) => isKnown(env[it] ?? "")),
    ...URLS.filter((it) => passwordsIn(env[it] ?? "").some(isKnown)),
  ];
  if (found.length > 0)
    throw new StartError(
      `The password of ${found.join(" and ")} is one of those for development, which everybody knows: set another one, since ENVIRONMENT is ${environment}.`,
    );
}
