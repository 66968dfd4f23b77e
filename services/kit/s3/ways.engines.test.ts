import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthority } from "../testing/certificates.ts";
import { startMinio } from "../testing/engines/s3.ts";
import type { TestServer } from "../testing/engines/server.ts";
import { openS3, type S3Options } from "./s3.ts";
import { parseS3 } from "./settings.ts";
import { awaitBucket } from "./wait.ts";

const log = pino({ level: "silent" });
const DOMAIN = "s3.example";

/** Puts and gets something, over connections that a long pause between would have closed, too. */
async function use(options: S3Options): Promise<string | undefined> {
  await awaitBucket(options);
  const s3 = openS3(options);
  try {
    await s3.put("some/key with spaces+more", Buffer.from("content"), { metadata: { sha256: "abc" } });
    const [listed] = await s3.list({ prefix: "some/" });
    await s3.ping();
    return (await s3.get(listed?.key ?? ""))?.bytes.toString();
  } finally {
    s3.close();
  }
}

describe("an S3 is reached", () => {
  let server: TestServer;
  let folder: string;
  let secured: Server;
  const port = () => (secured.address() as { port: number }).port;

  beforeAll(async () => {
    process.env.MINIO_DOMAIN = DOMAIN;
    server = await startMinio();
    delete process.env.MINIO_DOMAIN;
    folder = await mkdtemp(join(tmpdir(), "shopmesh-s3-"));
    const authority = await createAuthority();
    await writeFile(join(folder, "ca.pem"), authority.ca);
    await writeFile(join(folder, "no.pem"), "nothing");
    const hosts = ["localhost", DOMAIN, `*.${DOMAIN}`];
    // Whatever stands before an S3 and speaks TLS for it.
    secured = createServer(await authority.issue({ hosts }), (client) => {
      const upstream = connect({ host: "127.0.0.1", port: server.port });
      client.pipe(upstream).pipe(client);
      for (const it of [client, upstream]) it.on("error", () => it.destroy());
    });
    await new Promise<void>((resolve) => secured.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    secured?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** The settings of the server at an address; `%` stands for its user, password and port. */
  const settingsOf = (url: string, env: Record<string, string> = {}) => parseS3(url, "S3_URL", { ...keys(), ...env });
  const keys = () => {
    const { username, password } = new URL(server.url);
    return { S3_ACCESS_KEY: username, S3_SECRET_KEY: password };
  };
  // Names that no DNS knows are all on this machine.
  const seen = new Set<string>();
  const lookup: S3Options["lookup"] = (host, options, answer) => {
    seen.add(host);
    if (options.all) answer(null, [{ address: "127.0.0.1", family: 4 }]);
    else answer(null, "127.0.0.1", 4);
  };

  it("with the bucket in the path", async () => {
    expect(await use({ settings: settingsOf(`http://localhost:${server.port}/in-path`), log, lookup })).toBe("content");
    expect([...seen]).toEqual(["localhost"]);
  });

  it("with the bucket in the host's name", async () => {
    seen.clear();
    const settings = settingsOf(`http://${DOMAIN}:${server.port}/in-host?style=virtual`);
    expect(await use({ settings, log, lookup })).toBe("content");
    expect([...seen]).toEqual([`in-host.${DOMAIN}`]);
  });

  it.each(["path", "virtual"])(
    "by TLS with a certificate of its own authority, with the bucket by %s",
    async (style) => {
      const settings = settingsOf(`https://${DOMAIN}:${port()}/secured-${style}?style=${style}`, {
        S3_CA: join(folder, "ca.pem"),
      });
      expect(await use({ settings, log, lookup })).toBe("content");
    },
  );

  it.each([
    [
      "a certificate that nobody vouches for",
      {},
      /certificate that is not trusted .*name its authority's file in S3_CA/,
    ],
    ["an authority's file that is not there", { S3_CA: "/none.pem" }, /S3_CA cannot be read: ENOENT/],
  ])("but not by TLS with %s", async (_, env, says) => {
    const settings = settingsOf(`https://localhost:${port()}/shop`, env);
    await expect(awaitBucket({ settings, log })).rejects.toThrow(says);
  });

  it("but not by TLS with a file that holds no certificate", async () => {
    const settings = settingsOf(`https://localhost:${port()}/shop`, { S3_CA: join(folder, "no.pem") });
    await expect(awaitBucket({ settings, log })).rejects.toThrow(/S3_CA \(.*no\.pem\) holds no certificate in PEM/);
  });

  it("but not by TLS where it speaks none", async () => {
    const settings = settingsOf(`https://localhost:${server.port}/shop`);
    await expect(awaitBucket({ settings, log })).rejects.toThrow(/does not speak the protocol that S3_URL begins with/);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ["", { S3_SECRET_KEY: "wrong-secret" }, /refuses the keys \(SignatureDoesNotMatch\)/],
    ["", { S3_ACCESS_KEY: "nobody" }, /refuses the keys \(InvalidAccessKeyId\)/],
    ["?region=eu-west-3", {}, /in another region: set S3_URL's region=us-east-1/],
  ])("but not with settings %s %o, and it is said what is wrong", async (query, env, says) => {
    const settings = settingsOf(`http://localhost:${server.port}/shop${query}`, env);
    await expect(awaitBucket({ settings, log })).rejects.toThrow(says);
  });
});
