import { randomBytes } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMinio, startVersityGateway } from "../testing/engines/s3.ts";
import type { TestServer } from "../testing/engines/server.ts";
import { openS3, type S3 } from "./s3.ts";
import { parseS3, type S3Settings } from "./settings.ts";
import { awaitBucket } from "./wait.ts";

const log = pino({ level: "silent" });

describe.each([
  ["MinIO", startMinio],
  ["Versity's gateway", startVersityGateway],
])("a bucket in %s", (_, start) => {
  let server: TestServer;
  let settings: S3Settings;
  let s3: S3;
  beforeAll(async () => {
    server = await start();
    settings = parseS3(server.url, "S3_URL", {});
    await Promise.all(Array.from({ length: 3 }, () => awaitBucket({ settings, log })));
    s3 = openS3({ settings, log });
  });
  afterAll(async () => {
    s3?.close();
    await server?.close();
  });

  it("gives back what was put, with what was said of it", async () => {
    const bytes = randomBytes(3_000_000);
    const etag = await s3.put("a/whole", bytes, { contentType: "image/png", metadata: { sha256: "abc" } });
    expect(await s3.head("a/whole")).toEqual({ sizeBytes: bytes.length, etag, metadata: { sha256: "abc" } });
    const got = await s3.get("a/whole");
    expect(got?.bytes.equals(bytes)).toBe(true);
    const range = await s3.getRange("a/whole", { start: 1_000_000, end: 1_999_999, etag: etag ?? "" });
    expect(range?.equals(bytes.subarray(1_000_000, 2_000_000))).toBe(true);
    expect(await s3.getRange("a/whole", { start: 0, end: 9, etag: "0".repeat(32) })).toBeUndefined();
    expect([await s3.head("a/none"), await s3.get("a/none")]).toEqual([undefined, undefined]);
    expect(await s3.getRange("a/none", { start: 0, end: 9, etag: etag ?? "" })).toBeUndefined();
    await s3.put("a/empty", Buffer.of());
    expect((await s3.get("a/empty"))?.bytes.length).toBe(0);
  });

  it("lets one of many win who put what must not be there yet", async () => {
    for (let round = 0; round < 5; round++) {
      const key = `only/${round}`;
      const puts = await Promise.all(
        Array.from({ length: 8 }, (_, n) => s3.put(key, Buffer.from(`by ${n}`), { only: "absent" })),
      );
      const winners = puts.flatMap((etag, n) => (etag === undefined ? [] : [n]));
      expect(winners).toHaveLength(1);
      expect((await s3.get(key))?.bytes.toString()).toBe(`by ${winners[0]}`);
    }
  });

  it("lets one of many win who put in place of the same, and nobody in place of nothing", async () => {
    const etag = (await s3.put("instead", Buffer.from("old"))) ?? "";
    const puts = await Promise.all(
      Array.from({ length: 8 }, (_, n) => s3.put("instead", Buffer.from(`by ${n}`), { only: { etag } })),
    );
    expect(puts.filter((it) => it !== undefined)).toHaveLength(1);
    expect(await s3.put("nothing", Buffer.from("new"), { only: { etag } })).toBeUndefined();
    expect(await s3.get("nothing")).toBeUndefined();
  });

  it("lists by key, page by page, and removes what it is told", async () => {
    const keys = Array.from({ length: 1_203 }, (_, n) => `many/${`${n}`.padStart(4, "0")}`);
    for (let at = 0; at < keys.length; at += 50)
      await Promise.all(keys.slice(at, at + 50).map((key) => s3.put(key, Buffer.from(key))));
    const listed = async (after?: string, limit?: number) =>
      (await s3.list({ prefix: "many/", ...(after && { after }), ...(limit && { limit }) })).map((it) => it.key);
    expect(await listed()).toEqual(keys.slice(0, 1_000));
    expect(await listed("many/0999")).toEqual(keys.slice(1_000));
    expect(await listed("many/0010", 3)).toEqual(keys.slice(11, 14));
    const [first] = await s3.list({ prefix: "many/", limit: 1 });
    expect(first?.sizeBytes).toBe(9);
    expect(Math.abs((first?.modifiedMs ?? 0) - Date.now())).toBeLessThan(120_000);
    await s3.delete([...keys.slice(0, 1_200), "many/never"]);
    expect(await listed()).toEqual(keys.slice(1_200));
  });
});
