import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { filesOf } from "../identity/settings.ts";
import { NAMESPACE, spiffeIdOf, TRUST_DOMAIN } from "../identity/spiffe.ts";
import { createAuthority, writeCredentials } from "./authority.ts";
import { readCredentials } from "./credentials.ts";
import { issueCertificates } from "./issue.ts";

const DAY_MS = 24 * 3_600_000;
const WORKLOADS = ["order", "cart"];
const REALM = { trustDomain: TRUST_DOMAIN, namespace: NAMESPACE };

let folder: string;
let env: Record<string, string>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "shopmesh-issue-"));
  const path = (name: string) => join(folder, "{workload}", name);
  env = { TLS_CERT: path("tls.crt"), TLS_KEY: path("tls.key"), TLS_CA: path("ca.crt") };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const filesFor = (workload: string) =>
  filesOf({ cert: env.TLS_CERT ?? "", key: env.TLS_KEY ?? "", ca: env.TLS_CA ?? "" }, workload);
const credentialsOf = (workload: string) => readCredentials(filesFor(workload), spiffeIdOf(workload, REALM));

describe("certificates for workloads", () => {
  it("are made where there are none, and stay while they are good", async () => {
    expect(await issueCertificates(WORKLOADS, env)).toBe(true);
    const [order, cart] = await Promise.all(WORKLOADS.map(credentialsOf));
    expect(order?.ca).toBe(cart?.ca);
    expect(order?.key).not.toBe(cart?.key);
    expect(order?.expires.getTime()).toBeGreaterThan(Date.now() + 360 * DAY_MS);
    expect(await issueCertificates(WORKLOADS, env)).toBe(false);
    expect((await credentialsOf("order")).cert).toBe(order?.cert);
  });

  it("leave nothing behind that could make more, and keys that strangers cannot read", async () => {
    await issueCertificates(WORKLOADS, env);
    const files = (await readdir(folder, { recursive: true })).filter((it) => it.includes("/")).sort();
    expect(files).toEqual(
      WORKLOADS.toSorted().flatMap((it) => ["ca.crt", "tls.crt", "tls.key"].map((name) => `${it}/${name}`)),
    );
    expect((await stat(filesFor("order").key)).mode & 0o007).toBe(0);
    expect(await readFile(filesFor("order").ca, "utf8")).not.toContain("PRIVATE");
  });

  it("are all made anew when a workload is new", async () => {
    await issueCertificates(WORKLOADS, env);
    const before = await credentialsOf("order");
    expect(await issueCertificates([...WORKLOADS, "api"], env)).toBe(true);
    expect((await credentialsOf("order")).ca).not.toBe(before.ca);
  });

  it.each<[string, (name: string) => Promise<unknown>]>([
    ["ends within a month", (it) => given(it, { notAfter: new Date(Date.now() + 20 * DAY_MS) })],
    ["is another authority's", (it) => given(it, {})],
    ["is somebody else's", (it) => given(it, { uris: [spiffeIdOf("edge", REALM)] })],
    ["knows no host", (it) => given(it, { hosts: [] })],
    ["is damaged", (it) => writeFile(filesFor(it).cert, "nothing")],
  ])("are all made anew when one %s", async (_, spoil) => {
    await issueCertificates(WORKLOADS, env);
    await spoil("cart");
    expect(await issueCertificates(WORKLOADS, env)).toBe(true);
    expect((await credentialsOf("cart")).ca).toBe((await credentialsOf("order")).ca);
  });

  it.each<[string, string[], Record<string, string>]>([
    ["Set TLS_CERT", [], {}],
    ["Set TLS_CERT", ["order"], { TLS_CERT: "", TLS_KEY: "", TLS_CA: "" }],
    ["no name of a workload", ["../order"], {}],
    ['must each hold "{workload}"', WORKLOADS, { TLS_CERT: "/tls.crt" }],
  ])("are not made with wrong settings: %s", async (sentence, workloads, wrong) => {
    await expect(issueCertificates(workloads, { ...env, ...wrong })).rejects.toThrow(sentence);
  });
});

/** Gives a workload the certificate of a stranger. */
async function given(workload: string, subject: Parameters<Awaited<ReturnType<typeof createAuthority>>["issue"]>[0]) {
  const life = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + 100 * DAY_MS) };
  const authority = await createAuthority({ name: "CN=stranger", life });
  const issued = await authority.issue({ uris: [spiffeIdOf(workload, REALM)], hosts: [workload], ...subject });
  await writeCredentials(filesFor(workload), issued, authority.ca);
}
