import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openS3, type S3 } from "#kit/s3/s3.ts";
import { parseS3, type S3Settings } from "#kit/s3/settings.ts";
import { awaitBucket } from "#kit/s3/wait.ts";
import { startMinio, startVersityGateway } from "#kit/testing/engines/s3.ts";
import type { TestServer } from "#kit/testing/engines/server.ts";
import { imageStoreContract } from "./store.contract.ts";
import { createS3Store } from "./store.s3.ts";

const log = pino({ level: "silent" });

/** The settings of a bucket that no other test has. */
function bucketOf(server: TestServer): S3Settings {
  const url = new URL(server.url);
  url.pathname = `/images-${randomBytes(6).toString("hex")}`;
  return parseS3(url.href, "S3_URL", {});
}

describe.each([
  ["MinIO", startMinio],
  ["Versity's gateway", startVersityGateway],
])("in %s", (_, start) => {
  let server: TestServer;
  const opened: S3[] = [];
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    for (const it of opened) it.close();
    await server?.close();
  });
  const open = async () => {
    const settings = bucketOf(server);
    await awaitBucket({ settings, log });
    const s3 = openS3({ settings, log });
    opened.push(s3);
    return s3;
  };

  imageStoreContract(async () => createS3Store({ s3: await open(), log }));
});
