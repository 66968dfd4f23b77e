import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StartError } from "../start-error.ts";
import { createAuthority } from "../testing/certificates.ts";
import { startPostgres15 } from "../testing/engines/postgres15.ts";
import type { TestServer } from "../testing/engines/server.ts";
import { unprivilegedUser } from "../testing/engines/user.ts";
import { warnOfCapacity } from "./capacity.ts";
import { openDatabase } from "./database.ts";
import { awaitPostgres } from "./wait.ts";

const log = pino({ level: "silent" });

describe("as many connections as there are", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startPostgres15({ settings: { max_connections: "30" } });
  });
  afterAll(() => server?.close());

  it.each([
    [10, []],
    [20, [{ services: 2, needed: 44, available: 27, poolMax: 20 }]],
  ])("pools of %d are warned of when they could exceed them", async (poolMax, expected) => {
    const warnings: unknown[] = [];
    const databases = ["order", "auth"].map((schema) => openDatabase({ url: server.url, schema, log }));
    for (const it of databases) await it.query("SELECT 1");
    const warn = (fields: unknown) => void warnings.push(fields);
    for (const it of databases.slice(0, 1)) await warnOfCapacity(it, { poolMax, log: { warn } });
    expect(warnings).toEqual(expected);
    await Promise.all(databases.map((it) => it.close()));
  });

  it("a server that is full is not taken for one that is silent", { timeout: 60_000 }, async () => {
    // The role is one for whom the reserved connections count as well.
    const all = 30;
    const hog = openDatabase({ url: server.url, schema: "hog", log, poolMax: all });
    let begun = 0;
    const held = Array.from({ length: all }, () =>
      hog.transaction(async (tx) => {
        begun += 1;
        await tx.query("SELECT pg_sleep(4)");
      }),
    );
    await expect.poll(() => begun).toBe(all);
    const other = openDatabase({ url: server.url, schema: "order", log, poolMax: 2 });
    const refusal = await other.query("SELECT 1").catch((error: Error) => error.cause);
    expect(refusal).toMatchObject({ message: expect.stringContaining("too many clients") });
    await Promise.all(held);
    await hog.close();
    await expect.poll(() => other.query("SELECT 1 AS it").catch(() => undefined), { timeout: 10_000 }).toBeDefined();
    await other.close();
  });
});

describe("TLS", () => {
  let server: TestServer;
  let folder: string;
  const file = (name: string) => join(folder, name);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "shopmesh-postgres-tls-"));
    await chmod(folder, 0o755);
    const [authority, stranger] = await Promise.all([createAuthority(), createAuthority("CN=somebody else")]);
    const { cert, key } = await authority.issue({ hosts: ["localhost"] });
    await writeFile(file("ca.pem"), authority.ca);
    await writeFile(file("stranger.pem"), stranger.ca);
    await writeFile(file("cert.pem"), cert);
    await writeFile(file("key.pem"), key, { mode: 0o600 });
    const user = unprivilegedUser(["postgres"]);
    if (user !== undefined) await chown(file("key.pem"), user.uid, user.gid);
    const settings = { ssl: "on", ssl_cert_file: file("cert.pem"), ssl_key_file: file("key.pem") };
    server = await startPostgres15({ settings });
  });
  afterAll(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const isEncrypted = async (host: string, mode: string, ca: string) => {
    const url = new URL(server.url);
    url.hostname = host;
    url.searchParams.set("sslmode", mode);
    if (ca !== "") url.searchParams.set("sslrootcert", file(ca));
    await awaitPostgres({ url: url.href, log, waitMs: 0 });
    const database = openDatabase({ url: url.href, schema: "order", log });
    const { rows } = await database.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    await database.close();
    return rows[0]?.ssl;
  };

  it.each([
    ["localhost", "verify-full", "ca.pem", true],
    // Of all that libpq checks less of, everything is checked.
    ["localhost", "require", "ca.pem", true],
    ["127.0.0.1", "no-verify", "", true],
    ["127.0.0.1", "disable", "", false],
  ])("to %s with sslmode=%s and the authority %s: encrypted is %s", async (host, mode, ca, encrypted) => {
    expect(await isEncrypted(host, mode, ca)).toBe(encrypted);
  });

  it.each([
    ["an authority that did not issue it", "localhost", "stranger.pem", /certificate/],
    ["the authorities of the system", "localhost", "", /certificate/],
    ["another host's name", "127.0.0.1", "ca.pem", /Hostname\/IP does not match/],
  ])("says in a sentence that the server's certificate is not right: %s", async (_, host, ca, says) => {
    await expect(isEncrypted(host, "verify-full", ca)).rejects.toThrow(StartError);
    await expect(isEncrypted(host, "verify-full", ca)).rejects.toThrow(says);
  });
});
