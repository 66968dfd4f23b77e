import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { MongoClient } from "mongodb";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { isAlive } from "#kit/embedded-postgres/process.ts";
import { startKafka } from "./kafka.ts";
import { keepEngines } from "./keep.ts";
import { startMongo } from "./mongo.ts";
import { startPgbouncer } from "./pgbouncer.ts";
import { freePort } from "./ports.ts";
import { startPostgres15 } from "./postgres15.ts";
import { startTcpProxy } from "./proxy.ts";
import { startRedis } from "./redis.ts";
import { startRedisCluster } from "./redis-cluster.ts";
import { startRedisSentinel } from "./redis-sentinel.ts";
import { type TestServer, together } from "./server.ts";
import { testKafka, testMongo, testPostgres15, testS3 } from "./shared.ts";

const BLACK_HOLE_MS = 300;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
async function use<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  closing.push(() => server.close());
  return server;
}
function connectRedis(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  redis.on("error", () => {});
  closing.push(() => redis.disconnect());
  return redis;
}
async function query(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe("a server of a test's own", () => {
  it("keeps what it knows when it is killed, and answers nothing while it is paused", async () => {
    const server = await use(startRedis());
    const redis = connectRedis(server.url);
    await redis.set("a", "1");
    await server.kill();
    await server.restart();
    expect(await redis.get("a")).toBe("1");

    await server.pause();
    const asked = redis.get("a");
    const soon = new Promise((resolve) => setTimeout(resolve, BLACK_HOLE_MS, "nothing"));
    expect(await Promise.race([asked, soon])).toBe("nothing");
    await server.resume();
    expect(await asked).toBe("1");
  });

  it("ends, and its files go, when the test's process is killed", async () => {
    const module = new URL("./redis.ts", import.meta.url).href;
    const script = `const { pid, folder } = await (await import("${module}")).startRedis(); console.log(JSON.stringify({ pid, folder })); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    closing.push(() => holder.kill("SIGKILL"));
    const [line] = (await once(holder.stdout, "data")) as [Buffer];
    const { pid, folder } = JSON.parse(line.toString()) as { pid: number; folder: string };
    expect([isAlive(pid), existsSync(folder)]).toEqual([true, true]);
    holder.kill("SIGKILL");
    await expect.poll(() => [isAlive(pid), existsSync(folder)]).toEqual([false, false]);
  });

  it("MongoDB of three members has another primary when the primary is killed", async () => {
    const set = await use(startMongo({ members: 3 }));
    const client = new MongoClient(set.url);
    closing.push(() => client.close());
    const words = client.db().collection("words", { writeConcern: { w: "majority" } });
    await words.insertOne({ word: "kept" });
    const first = await set.primary();
    await first.kill();
    expect((await set.primary()).port).not.toBe(first.port);
    expect(await words.findOne({ word: "kept" })).not.toBeNull();
    await words.insertOne({ word: "new" });
  });

  it("Redis' sentinels name another master when the master is killed", async () => {
    const sentinel = await use(startRedisSentinel());
    const first = await sentinel.master();
    await first.kill();
    await expect.poll(() => sentinel.master().then((it) => it.port)).not.toBe(first.port);
  });

  it("Redis Cluster serves all slots with three masters", async () => {
    const cluster = await use(startRedisCluster());
    expect(cluster.nodes).toHaveLength(3);
  });

  it("Kafka of three brokers gets ready, as does one broker after it was killed", { timeout: 120_000 }, async () => {
    const cluster = await use(startKafka({ brokers: 3 }));
    expect(cluster.brokers).toHaveLength(3);
    await cluster.members[0]?.kill();
    await cluster.members[0]?.restart();
  });

  it("PostgreSQL has a read replica, and a pooler before it", async () => {
    const primary = await use(startPostgres15());
    await query(primary.url, "CREATE TABLE words AS SELECT 'kept' AS word");
    const replica = await use(startPostgres15({ replicaOf: primary }));
    await expect(query(replica.url, "INSERT INTO words VALUES ('no')")).rejects.toThrow("read-only");
    const pooler = await use(startPgbouncer(primary.url));
    expect(await query(pooler.url, "SELECT word FROM words")).toEqual([{ word: "kept" }]);
  });
});

describe("engines that are kept up", () => {
  it("come back as they were, with a word, when they end by themselves; not when all are stopped", async () => {
    const folder = mkdtempSync(join(tmpdir(), "shopmesh-kept-"));
    closing.push(() => rmSync(folder, { recursive: true }));
    const server = await use(startRedis({ folder, port: await freePort() }));
    const redis = connectRedis(server.url);
    await redis.set("a", "1");
    const stopping = new AbortController();
    const said: string[] = [];
    const say = { log: (text: string) => void said.push(text.trim()), error: (text: string) => void said.push(text) };
    const kept = keepEngines({ Redis: server }, stopping.signal, say);

    const { pid: first } = server;
    process.kill(first, "SIGKILL");
    await expect.poll(() => said.length).toBe(2);
    expect(said[0]).toContain(`Redis has ended by itself (SIGKILL); ${join(folder, "log")} `);
    expect(said[1]).toContain("Redis runs again");
    expect(server.pid).not.toBe(first);
    expect(await redis.get("a")).toBe("1");
    await server.restart();

    stopping.abort();
    await kept;
    expect(said.slice(2)).toEqual(["Stopping …", "Stopped."]);
    expect(isAlive(server.pid)).toBe(false);
  });

  it("are tried again, with a word, until they start", async () => {
    const stopping = new AbortController();
    const said: string[] = [];
    let die: Parameters<TestServer["onDeath"]>[0] = () => {};
    let failures = 1;
    const engine = {
      ...together([]),
      onDeath(tell: typeof die) {
        die = tell;
      },
      restart: async () => {
        // Dying while it starts is no other death.
        die("exit code 1", "a/log");
        if (failures-- > 0) throw new Error("no");
      },
    };
    const say = { log: () => {}, error: (text: string) => void said.push(text) };
    const kept = keepEngines({ Kafka: engine }, stopping.signal, say);
    die("exit code 1", "a/log");
    const words = ["Kafka has ended by itself (exit code 1)", "Kafka does not start; a/log", "Kafka runs again"];
    await expect.poll(() => said.length).toBe(words.length);
    expect(said).toEqual(words.map((it) => expect.stringContaining(it)));
    stopping.abort();
    await kept;
  });
});

describe("a proxy before a server", () => {
  it("cuts off, swallows, and heals", async () => {
    const server = await use(startRedis());
    const proxy = await use(startTcpProxy("127.0.0.1", server.port));
    const redis = connectRedis(`redis://127.0.0.1:${proxy.port}`);
    expect(await redis.ping()).toBe("PONG");
    const ended = new Promise((resolve) => redis.once("close", resolve));
    await proxy.cutOff();
    await ended;
    await proxy.heal();
    expect(await redis.ping()).toBe("PONG");

    proxy.blackHole();
    const asked = redis.ping();
    const soon = new Promise((resolve) => setTimeout(resolve, BLACK_HOLE_MS, "nothing"));
    expect(await Promise.race([asked, soon])).toBe("nothing");
    await proxy.heal();
    expect(await asked).toBe("PONG");
  });
});

describe("the servers that a test run shares", () => {
  it("give each caller a place of its own", { timeout: 180_000 }, async () => {
    const places = [testMongo, testPostgres15, () => testS3("minio"), () => testS3("versitygw")];
    for (const place of places) expect(new Set(await Promise.all([place(), place()])).size).toBe(2);
    const [a, b] = await Promise.all([testKafka(), testKafka()]);
    expect(a.brokers).toEqual(b.brokers);
    expect(a.prefix).not.toBe(b.prefix);
    const client = await MongoClient.connect(await testMongo());
    await client.db().collection("words").insertOne({ word: randomUUID() });
    await client.close();
  });
});
