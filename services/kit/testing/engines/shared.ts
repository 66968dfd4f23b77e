import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import pg from "pg";
import { inject } from "vitest";
import type { SharedServer } from "./global-setup.ts";
import { makeBucket } from "./s3.ts";

const fresh = () => `test-${randomBytes(8).toString("hex")}`;

/** The URL of a fresh database in the MongoDB of the test run: a replica set of one. One a test file keeps files apart. */
export async function testMongo(): Promise<string> {
  const url = await sharedUrl("mongo");
  return url.replace(/\/[^/?]+(?=\?)/, `/${fresh()}`);
}

/** The URL of a fresh bucket in an S3 of the test run. */
export async function testS3(engine: "minio" | "versitygw"): Promise<string> {
  const url = new URL(await sharedUrl(engine));
  url.pathname = `/${fresh()}`;
  await makeBucket(url.href);
  return url.href;
}

/** The settings of a service for the Kafka of the test run, and a word for topics and groups to begin with that nobody else's do. */
export async function testKafka(): Promise<{ readonly brokers: readonly string[]; readonly prefix: string }> {
  return { brokers: (await sharedUrl("kafka")).split(","), prefix: `${fresh()}.` };
}

/** The URL of a fresh database in Debian's PostgreSQL 15; `testPostgres` has the one that npm brings. */
export async function testPostgres15(): Promise<string> {
  const url = new URL(await sharedUrl("postgres15"));
  const client = new pg.Client({ connectionString: url.href });
  const name = fresh();
  await client.connect();
  try {
    await client.query(`CREATE DATABASE "${name}"`);
  } finally {
    await client.end();
  }
  url.pathname = `/${name}`;
  return url.href;
}

/** Asks the test run for a server, which it starts unless it runs. Without the time limit of `fetch`: a first build takes minutes. */
function sharedUrl(name: SharedServer): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(inject("sharedServersUrl"), { method: "POST" }, async (response) => {
      const answer = await text(response);
      if (response.statusCode === 200) resolve(answer);
      else reject(new Error(answer));
    });
    asking.on("error", reject).end(name);
  });
}
