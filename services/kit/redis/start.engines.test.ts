import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { StartError } from "../start-error.ts";
import { createAuthority } from "../testing/certificates.ts";
import { startRedis, withRedis } from "../testing/engines/redis.ts";
import { startRedisCluster } from "../testing/engines/redis-cluster.ts";
import { startRedisSentinel } from "../testing/engines/redis-sentinel.ts";
import { startServer } from "../testing/engines/server.ts";
import { warnOfLosses } from "./cautions.ts";
import { openRedis, type RedisConnection } from "./connection.ts";
import { defineScript } from "./script.ts";
import { readRedis } from "./settings.ts";
import { openTestRedis } from "./testing.ts";
import { awaitRedis } from "./wait.ts";

const SECRET = "correct-horse";
const WAIT_MS = 1_000;
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** What a server's start lets go of at the end of the test. */
async function using<T extends { close(): Promise<void> | void }>(it: Promise<T>): Promise<T> {
  const opened = await it;
  closers.push(() => opened.close());
  return opened;
}

/** How the start ends: nothing, or the sentence; with all that was logged, in which no password may be. */
async function startWith(url: string, env: Record<string, string> = {}) {
  const lines: string[] = [];
  const log: Logger = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
  const settings = readRedis({ REDIS_URL: url, ...env });
  if (settings === undefined) throw new Error("no settings");
  const redis = openRedis(settings, "test", log);
  try {
    await awaitRedis({ redis, log, waitMs: WAIT_MS });
    return { sentence: "", log: lines.join("") };
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return { sentence: (error as Error).message, log: lines.join("") };
  } finally {
    redis.close();
  }
}

describe("a start", () => {
  test.each([
    ["redis://:PASSWORD@HOST", ""],
    ["redis://HOST", "refuses us: NOAUTH"],
    [`redis://:${SECRET}-not@HOST`, "refuses us: WRONGPASS"],
    [`redis+cluster://:${SECRET}@HOST`, "is no Cluster, so REDIS_URL must begin with redis://"],
    [`redis+sentinel://:${SECRET}@HOST/shop`, "is no Sentinel, so REDIS_URL must begin with redis://"],
    [`redis://:${SECRET}@HOST/99`, "has no database with the number"],
    [`rediss://:${SECRET}@HOST`, "is there TLS on that port?"],
  ])("with %s and a server that wants a password ends with %j", async (url, sentence) => {
    const server = await using(startRedis());
    await withRedis(server.port, (it) => it.config("SET", "requirepass", SECRET));
    const start = await startWith(url.replace("PASSWORD", SECRET).replace("HOST", `127.0.0.1:${server.port}`));
    expect(start.sentence).toContain(sentence);
    expect(start.sentence + start.log).not.toContain(SECRET);
  });

  test("with a password that nobody asks for is logged, and not written past the log", async () => {
    const server = await using(startRedis());
    const written = vi.spyOn(console, "warn").mockImplementation(() => {});
    const start = await startWith(`redis://:${SECRET}@127.0.0.1:${server.port}`);
    expect(written).not.toHaveBeenCalled();
    written.mockRestore();
    expect(start.sentence).toBe("");
    expect(start.log).toContain("REDIS_URL has a password, but Redis asks for none");
    expect(start.log).not.toContain(SECRET);
  });

  test("waits for a server that comes later", async () => {
    const server = await using(startRedis());
    await server.stop();
    const settings = readRedis({ REDIS_URL: server.url });
    if (settings === undefined) throw new Error("no settings");
    const log = pino({ level: "silent" });
    const redis = openRedis(settings, "test", log);
    closers.push(() => redis.close());
    const waiting = awaitRedis({ redis, log });
    await server.restart();
    await waiting;
  });

  test("ends when it shall, and when nobody comes", async () => {
    const server = await using(startRedis());
    await server.stop();
    expect((await startWith(server.url)).sentence).toMatch(/did not answer within \d seconds: connect ECONNREFUSED/);
  });

  test("says when Sentinels know no such master, and when a Cluster is taken for one server", async () => {
    const [sentinel, cluster] = [await using(startRedisSentinel()), await using(startRedisCluster())];
    expect((await startWith(sentinel.url.replace("/shop/", "/other/"))).sentence).toContain(
      "know no master by the name",
    );
    const one = `redis://127.0.0.1:${cluster.nodes[0]?.port}`;
    // Its key may happen to lie on this one.
    const other = `redis://127.0.0.1:${cluster.nodes[1]?.port}`;
    const sentences = [(await startWith(one)).sentence, (await startWith(other)).sentence];
    expect(sentences.join()).toContain("it is a Cluster, so REDIS_URL must begin with redis+cluster://");
  });
});

describe("TLS", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "shopmesh-redis-tls-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("is spoken with a server whose authority REDIS_CA names, and with no other", async () => {
    const [authority, other] = [await createAuthority(), await createAuthority()];
    const { cert, key } = await authority.issue({ hosts: ["localhost"] });
    const file = (name: string) => join(folder, name);
    const files = { "cert.pem": cert, "key.pem": key, "ca.pem": authority.ca, "other.pem": other.ca };
    for (const [name, pem] of Object.entries(files)) await writeFile(file(name), pem);
    const tls = ["--tls-cert-file", file("cert.pem"), "--tls-key-file", file("key.pem"), "--tls-auth-clients", "no"];
    const server = await using(
      startServer({
        name: "redis-tls",
        command: async (port, dir) => [
          "redis-server",
          ...["--port", "0", "--tls-port", `${port}`, "--dir", dir, "--save", "", "--tls-ca-cert-file", file("ca.pem")],
          ...tls,
        ],
        isReady: async (port) =>
          (await openTestRedis(`rediss://localhost:${port}`, { REDIS_CA: file("ca.pem") })).connection.close(),
        url: (port) => `rediss://localhost:${port}`,
      }),
    );
    const { connection } = await openTestRedis(server.url, { REDIS_CA: file("ca.pem") });
    expect(await connection.run(defineScript("return 1"), [])).toBe(1);
    connection.close();
    expect((await startWith(server.url, { REDIS_CA: file("other.pem") })).sentence).toContain("its TLS is not as");
    expect((await startWith(server.url)).sentence).toContain("its TLS is not as");
    expect(() =>
      openRedis(readRedis({ REDIS_URL: server.url, REDIS_CA: file("none.pem") }) as never, "test", pino()),
    ).toThrow("REDIS_CA cannot be read");
  });
});

describe("a caution", () => {
  async function cautionsOf(redis: RedisConnection, durable: boolean): Promise<string> {
    const lines: string[] = [];
    const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
    await warnOfLosses(redis, log, durable);
    return lines.join("");
  }

  test.each([
    { args: ["--maxmemory-policy", "noeviction"], durable: true, says: undefined },
    { args: ["--maxmemory-policy", "allkeys-lru"], durable: false, says: "REDIS FORGETS CARTS" },
    { args: ["--maxmemory-policy", "volatile-lru"], durable: true, says: "REDIS FORGETS CARTS" },
    { args: ["--appendonly", "no"], durable: true, says: "REDIS LOSES CARTS" },
    { args: ["--appendonly", "no"], durable: false, says: undefined },
  ])("for $args, durable: $durable, is $says", async ({ args, durable, says }) => {
    const server = await using(startRedis({ args }));
    const { connection } = await openTestRedis(server.url);
    closers.push(() => connection.close());
    const cautions = await cautionsOf(connection, durable);
    if (says === undefined) expect(cautions).toBe("");
    else expect(cautions).toContain(says);
  });

  test("is not given where replicas keep what the master does not", async () => {
    const { connection } = await openTestRedis((await using(startRedisSentinel())).url);
    closers.push(() => connection.close());
    expect(await cautionsOf(connection, true)).toBe("");
  });
});
