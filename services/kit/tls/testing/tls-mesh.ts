import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import { pino } from "pino";
import { type Clients, createClients } from "#kit/clients.ts";
import { createIdentities } from "#kit/identity/identities.ts";
import { filesOf, type TlsFiles } from "#kit/identity/settings.ts";
import { NAMESPACE, type Realm, spiffeIdOf, TRUST_DOMAIN } from "#kit/identity/spiffe.ts";
import { createShared, type Main, type Running, type Shared, startService } from "#kit/kit.ts";
import { DEFAULT_PORTS, readSettings, type Workload } from "#kit/settings.ts";
import { createAuthority, type Subject, type TestAuthority, writeCredentials } from "#kit/testing/certificates.ts";

export const REALM: Realm = { trustDomain: TRUST_DOMAIN, namespace: NAMESPACE };
/** How often a test's services look for new certificates. */
const POLL_MS = 20;

/** Some services with TLS of their own, as a test needs them. */
export interface TlsMesh {
  readonly authority: TestAuthority;
  readonly shared: Shared;
  /** The lines that were logged at "warn" and above. */
  readonly complaints: readonly string[];
  filesOf(workload: string): TlsFiles;
  /** Gives a workload a new certificate. */
  renew(workload: string, authority?: TestAuthority, subject?: Subject, ca?: string): Promise<void>;
  start(workload: Workload, main: Main): Promise<Running>;
  port(workload: Workload): number;
  /** Clients as a workload of the mesh has them. */
  clientsOf(workload: string, addressOf?: (workload: string) => string): Promise<Clients>;
  /** How somebody with a certificate of this authority connects who believes all servers; undefined: without one. */
  stranger(subject: Subject | undefined, authority?: TestAuthority): Promise<ConnectionOptions>;
  close(): Promise<void>;
}

/** Starts a mesh with certificates for these workloads, and no service yet. */
export async function startTlsMesh(workloads: readonly string[]): Promise<TlsMesh> {
  const dir = await mkdtemp(join(tmpdir(), "shopmesh-tls-"));
  const files = { cert: `${dir}/{workload}/tls.crt`, key: `${dir}/{workload}/tls.key`, ca: `${dir}/{workload}/ca.crt` };
  const authority = await createAuthority();
  const own = (workload: string) => filesOf(files, workload);
  const renew: TlsMesh["renew"] = async (workload, by = authority, subject = {}, ca = by.ca) => {
    const issued = await by.issue({ uris: [spiffeIdOf(workload, REALM)], ...subject });
    await writeCredentials(own(workload), issued, ca);
  };
  for (const it of workloads) await renew(it);
  const freePorts = Object.fromEntries(Object.keys(DEFAULT_PORTS).map((it) => [`${it.toUpperCase()}_PORT`, "0"]));
  const settings = readSettings({
    DATA_DIR: dir,
    TLS_CERT: files.cert,
    TLS_KEY: files.key,
    TLS_CA: files.ca,
    ...freePorts,
  });
  const complaints: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void complaints.push(line) });
  const identities = await createIdentities({ settings, log, pollMs: POLL_MS });
  const shared = await createShared({ settings, log, postgresUrl: "", identities });
  const closers: (() => unknown)[] = [() => rm(dir, { recursive: true, force: true })];
  return {
    authority,
    shared,
    complaints,
    filesOf: own,
    renew,
    async start(workload, main) {
      const running = await startService(shared, workload, main);
      closers.push(() => running.close());
      return running;
    },
    port: (workload) => Number(new URL(shared.addresses.get(workload) ?? "").port),
    async clientsOf(workload, addressOf = (it) => shared.addresses.get(it) ?? "") {
      const clients = createClients({ identity: await identities.of(workload), addressOf });
      closers.push(() => clients.close());
      return clients;
    },
    async stranger(subject, by = authority) {
      const issued = subject && (await by.issue(subject));
      return { ...issued, ca: authority.ca, checkServerIdentity: () => undefined };
    },
    async close() {
      for (const it of closers.reverse()) await it();
    },
  };
}
