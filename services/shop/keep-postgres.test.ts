import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clusterAt } from "#kit/embedded-postgres/cluster.ts";
import { findPostmaster } from "#kit/embedded-postgres/postmaster.ts";
import { eventually } from "#kit/testing/eventually.ts";
import { keepPostgres } from "./keep-postgres.ts";

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "shopmesh-keep-"));
  // As root, another user runs the server and has to enter it.
  await chmod(dataDir, 0o755);
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

async function ask(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query("SELECT count(*)::int AS count FROM kept")).rows[0].count;
  } finally {
    await client.end().catch(() => {});
  }
}

it("a database that is killed is there again, where it was and with what it had, until it is stopped", {
  timeout: 120_000,
}, async () => {
  const stopping = new AbortController();
  const lost: string[] = [];
  const postgres = await keepPostgres({
    dataDir,
    log: { warn() {} },
    stopping: stopping.signal,
    onProgress() {},
    onLost: (it) => void lost.push(it),
  });
  const first = new pg.Client({ connectionString: postgres.url });
  first.on("error", () => {});
  await first.connect();
  await first.query("CREATE TABLE kept AS SELECT 1");
  const pid = findPostmaster(clusterAt(dataDir))?.pid ?? 0;
  expect(pid).toBeGreaterThan(0);
  process.kill(pid, "SIGKILL");
  await expect.poll(() => ask(postgres.url).catch(() => 0), { timeout: 60_000 }).toBe(1);
  stopping.abort();
  await postgres.stop();
  await eventually(() => expect(findPostmaster(clusterAt(dataDir))).toBeUndefined());
  expect(lost).toEqual([]);
});
