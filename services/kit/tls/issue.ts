// Certificates for workloads that run where nobody else makes them, such as Docker's Compose: `node services/kit/tls/issue.ts
// order cart …` puts each one's where TLS_CERT, TLS_KEY and TLS_CA say, "{workload}" in them being its name. What is there and
// good stays; else all get new ones of a new authority, whose key is nowhere when this has ended.
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Env } from "../env.ts";
import { filesOf, readIdentity } from "../identity/settings.ts";
import { spiffeIdOf } from "../identity/spiffe.ts";
import { runTask } from "../process.ts";
import { StartError } from "../start-error.ts";
import { createAuthority, writeCredentials } from "./authority.ts";
import { readCredentials } from "./credentials.ts";

const DAY_MS = 24 * 3_600_000;
const LIFE_MS = 365 * DAY_MS;
/** Who ends sooner is issued anew. */
const RENEW_BEFORE_MS = 30 * DAY_MS;
/** Of the clocks of machines. */
const SKEW_MS = 3_600_000;
const NAME = /^[a-z][a-z0-9]*$/;

/** Where a workload's files are, and what its certificate says: its SPIFFE id, and its host for who knows servers by that. */
interface Wanted {
  readonly workload: string;
  readonly files: ReturnType<typeof filesOf>;
  readonly id: string;
}

/** Whether what is there will do for a while. */
async function isGood({ workload, files, id }: Wanted): Promise<boolean> {
  try {
    const { cert, ca, expires } = await readCredentials(files, id);
    const [certificate, authority] = [new X509Certificate(cert), new X509Certificate(ca)];
    const lasts = expires.getTime() - Date.now() > RENEW_BEFORE_MS;
    return lasts && certificate.verify(authority.publicKey) && certificate.checkHost(workload) !== undefined;
  } catch (error) {
    if (error instanceof StartError) return false;
    throw error;
  }
}

/** Whether one authority vouches for all, as each knows the others by their own. */
async function isOne(all: readonly Wanted[]): Promise<boolean> {
  const texts = await Promise.all(all.map(({ files }) => readFile(files.ca, "utf8")));
  return new Set(texts).size === 1;
}

/**
 * Sees to it that each workload has a certificate that lasts for a while.
 * @returns whether new ones were made
 * @throws StartError when the workloads' names or the settings are wrong
 */
export async function issueCertificates(workloads: readonly string[], env: Env): Promise<boolean> {
  const identity = readIdentity(env);
  if (identity.kind !== "tls" || workloads.length === 0)
    throw new StartError(
      "Set TLS_CERT, TLS_KEY and TLS_CA, and name workloads: node services/kit/tls/issue.ts order cart",
    );
  const { files, realm } = identity;
  const wrong = workloads.find((it) => !NAME.test(it));
  if (wrong !== undefined) throw new StartError(`"${wrong}" is no name of a workload: only letters and digits serve.`);
  if (workloads.length > 1 && Object.values(files).some((it: string) => !it.includes("{workload}")))
    throw new StartError(
      'TLS_CERT, TLS_KEY and TLS_CA must each hold "{workload}", since there are several workloads.',
    );
  const all = workloads.map((workload) => ({
    workload,
    files: filesOf(files, workload),
    id: spiffeIdOf(workload, realm),
  }));
  const good = await Promise.all(all.map(isGood));
  if (good.every(Boolean) && (await isOne(all))) return false;
  const nowMs = Date.now();
  const life = { notBefore: new Date(nowMs - SKEW_MS), notAfter: new Date(nowMs + LIFE_MS) };
  const authority = await createAuthority({ name: `CN=${realm.trustDomain}`, life });
  for (const { workload, files, id } of all)
    await writeCredentials(files, await authority.issue({ uris: [id], hosts: [workload] }), authority.ca);
  return true;
}

if (import.meta.main)
  await runTask(async ({ log }) => {
    const workloads = process.argv.slice(2);
    const made = await issueCertificates(workloads, process.env);
    log.info({ workloads }, made ? "new certificates were made" : "the certificates are good");
  });
