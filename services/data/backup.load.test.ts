import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { testPostgres } from "#kit/testing/postgres.ts";
import type { Manifest } from "./manifest.ts";
import { expectBooksToBeRight, startLoad } from "./testing/busy-shop.ts";
import { samplePlace, startSample, testFolder } from "./testing/sample-shop.ts";
import { runTool } from "./testing/tool.ts";

const BACKUPS = 3;
const PAUSE_MS = 400;

// A shop is started and restored several times.
vi.setConfig({ testTimeout: 120_000 });

test("backups of a shop in PostgreSQL that sells meanwhile are of one moment each: once restored, nothing is lost or invented", async () => {
  const shop = await samplePlace({ POSTGRES_URL: await testPostgres() });
  const mesh = await startSample(shop);
  const load = await startLoad(mesh);
  const folder = await testFolder();
  const backups = Array.from({ length: BACKUPS }, (_, index) => join(folder, `${index}`));
  for (const it of backups) {
    await sleep(PAUSE_MS);
    await runTool(["backup", "--from", shop.file, "--to", it]);
  }
  expect(await load.stop().finally(() => mesh.close())).toBeGreaterThan(BACKUPS);
  for (const it of backups) {
    const manifest = JSON.parse(await readFile(join(it, "manifest.json"), "utf8")) as Manifest;
    expect(manifest).toMatchObject({ consistency: "one moment", live: expect.arrayContaining(["order"]) });
    const target = await samplePlace({ POSTGRES_URL: await testPostgres() });
    await runTool(["restore", "--from", it, "--to", target.file]);
    await expectBooksToBeRight(target);
  }
});
