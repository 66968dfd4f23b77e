import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TlsFiles } from "../identity/settings.ts";
import { StartError } from "../start-error.ts";
import { createAuthority, type TestAuthority, writeCredentials } from "../testing/certificates.ts";
import { readCredentials } from "./credentials.ts";

const ORDER = "spiffe://cluster.local/ns/shopmesh/sa/order";
const DAY_MS = 24 * 3_600_000;
const DAMAGED = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

let authority: TestAuthority;
let dir: string;
let files: TlsFiles;
beforeAll(async () => {
  authority = await createAuthority();
  dir = await mkdtemp(join(tmpdir(), "shopmesh-credentials-"));
  files = { cert: join(dir, "tls.crt"), key: join(dir, "tls.key"), ca: join(dir, "ca.crt") };
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** What is done to credentials that are right, and what the sentence about it must say. */
const WRONG: readonly [string, () => Promise<unknown>, ...string[]][] = [
  ["a certificate that is not there", () => rm(files.cert), "TLS_CERT is", "cannot be read (ENOENT)"],
  ["a key that is not there", () => rm(files.key), "TLS_KEY is", "cannot be read (ENOENT)"],
  ["an authority that is not there", () => rm(files.ca), "TLS_CA is", "cannot be read (ENOENT)"],
  ["a certificate that is none", () => writeFile(files.cert, "hello"), "TLS_CERT is", "not hold certificates"],
  ["an empty key", () => writeFile(files.key, ""), "TLS_KEY is", "not hold a private key"],
  ["an authority that is none", () => writeFile(files.ca, "hello"), "TLS_CA is", "not hold certificates"],
  [
    "a bundle with a damaged one",
    () => writeFile(files.ca, `${authority.ca}\n${DAMAGED}`),
    "TLS_CA is",
    "not hold certificates",
  ],
  ["another's key", () => writeKeyOfAnother(), "TLS_KEY", "is not the key of the certificate of TLS_CERT"],
  ["a certificate whose time is over", () => issue({ notAfter: new Date(Date.now() - 1_000) }), "expired on 20"],
  ["one whose time has yet to come", () => issue({ notBefore: new Date(Date.now() + DAY_MS) }), "not valid before 20"],
  ["one for another workload", () => issue({ uris: [ORDER.replace("order", "cart")] }), "sa/cart", "must be for"],
  ["one for another namespace", () => issue({ uris: [ORDER.replace("shopmesh", "x")] }), "/ns/x/", "must be for"],
  ["one for a host alone", () => issue({ uris: [], hosts: ["order"] }), "is for no SPIFFE id, but must be for"],
  ["one for two workloads", () => issue({ uris: [ORDER, ORDER.replace("order", "cart")] }), "is for no SPIFFE id"],
  ["one without a name", () => issue({ uris: [] }), "is for no SPIFFE id"],
];

async function issue(subject: Parameters<TestAuthority["issue"]>[0]): Promise<void> {
  const notAfter = new Date(Date.now() + 2 * DAY_MS);
  await writeCredentials(files, await authority.issue({ uris: [ORDER], notAfter, ...subject }), authority.ca);
}

async function writeKeyOfAnother(): Promise<void> {
  await writeFile(files.key, (await authority.issue({})).key);
}

describe("a workload's credentials", () => {
  it("are read when they are right, whatever other names the certificate has", async () => {
    await issue({ hosts: ["order", "order.shopmesh.svc"] });
    const credentials = await readCredentials(files, ORDER);
    expect(credentials.ca).toBe(authority.ca);
    expect(credentials.expires.getTime()).toBeGreaterThan(Date.now() + DAY_MS);
  });

  it.each(WRONG)("stop the start with a sentence when there is %s", async (_, spoil, ...says) => {
    await issue({});
    await spoil();
    const end = await readCredentials(files, ORDER).catch((error: unknown) => error);
    expect(end).toBeInstanceOf(StartError);
    for (const it of says) expect((end as Error).message).toContain(it);
    expect((end as Error).message).toMatch(/\.$/);
  });
});
