import { type Authority, createAuthority as createAuthorityFor } from "../tls/authority.ts";

export { type Issued, type Subject, writeCredentials } from "../tls/authority.ts";

/** Somebody who vouches for workloads. */
export type TestAuthority = Authority;

const HOUR_MS = 3_600_000;

/** Makes an authority of its own, for as long as a test may take. */
export function createAuthority(name = "CN=test authority"): Promise<TestAuthority> {
  const [notBefore, notAfter] = [-HOUR_MS, HOUR_MS].map((it) => new Date(Date.now() + it)) as [Date, Date];
  return createAuthorityFor({ name, life: { notBefore, notAfter } });
}
