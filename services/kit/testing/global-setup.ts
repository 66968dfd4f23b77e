import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { clusterAt } from "../embedded-postgres/cluster.ts";
import { startEmbeddedPostgres } from "../embedded-postgres/index.ts";
import { findPostmaster, stopPostmaster } from "../embedded-postgres/postmaster.ts";
import { isAlive, sendSignal } from "../embedded-postgres/process.ts";

const PREFIX = "shopmesh-test-postgres-";

/** Starts one PostgreSQL for the whole test run; `testPostgres()` makes databases in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeAbandoned();
  const dataDir = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  // As root, another user runs the server and has to enter it.
  await chmod(dataDir, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
  project.provide("postgresUrl", postgres.url);
  // A test run that is cut short skips its teardown; the files are the next one's to remove.
  const abandon = () => sendSignal(postgres.pid, "SIGQUIT");
  process.once("exit", abandon);
  return async () => {
    process.off("exit", abandon);
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

/** A test run that was killed leaves its server running, or at least its files. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split("-")[0]) : Number.NaN;
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    const dataDir = join(tmpdir(), name);
    try {
      const postmaster = findPostmaster(clusterAt(dataDir));
      if (postmaster) await stopPostmaster(postmaster.pid);
      await rm(dataDir, { recursive: true, force: true });
    } catch {
      // Another user's, or being removed by another run just now: no reason for this one to fail.
    }
  }
}
