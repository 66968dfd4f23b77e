import { MongoClient } from "mongodb";
import { afterAll, describe, expect, it } from "vitest";
import { StartError } from "../start-error.ts";
import { startMongo } from "../testing/engines/mongo.ts";
import { freePort } from "../testing/engines/ports.ts";
import { mongodProgram } from "../testing/engines/programs/mongod.ts";
import { startServer, type TestServer } from "../testing/engines/server.ts";
import { testMongo } from "../testing/engines/shared.ts";
import { eventually } from "../testing/eventually.ts";
import { awaitMongo } from "./wait.ts";

const open: { close(): Promise<void> }[] = [];
afterAll(async () => {
  for (const it of open) await it.close();
});

function warnings() {
  const said: object[] = [];
  return { said, log: { warn: (fields: object) => void said.push(fields) } };
}

/** A `mongod` that is in no replica set. */
async function startAlone(...more: string[]): Promise<TestServer> {
  const server = await startServer({
    name: "mongod",
    command: async (port, folder) => [
      await mongodProgram(),
      ...["--port", `${port}`, "--bind_ip", "127.0.0.1", "--dbpath", folder, "--nounixsocket", "--quiet", ...more],
    ],
    async isReady(port) {
      const client = new MongoClient(`mongodb://127.0.0.1:${port}`, { serverSelectionTimeoutMS: 1_000 });
      await client
        .db("admin")
        .command({ ping: 1 })
        .finally(() => client.close());
    },
    url: (port) => `mongodb://shop:s3cret@127.0.0.1:${port}/shop`,
  });
  open.push(server);
  return server;
}

const withoutUser = (url: string) => url.replace("shop:s3cret@", "");

describe("waiting for MongoDB", () => {
  it("is over at once when it answers", async () => {
    const { said, log } = warnings();
    await awaitMongo({ url: await testMongo(), log });
    expect(said).toEqual([]);
  });

  it("is over as soon as it answers, and says once that it waits", async () => {
    const port = await freePort();
    const { said, log } = warnings();
    const waiting = awaitMongo({ url: `mongodb://127.0.0.1:${port}/shop?replicaSet=shop`, log });
    await eventually(() => expect(said).toHaveLength(1));
    open.push(await startMongo({ port }));
    await waiting;
    expect(said).toHaveLength(1);
  });

  it("refuses a server on its own, and says what to do", async () => {
    const waiting = awaitMongo({ url: withoutUser((await startAlone()).url), log: warnings().log });
    await expect(waiting).rejects.toThrow(StartError);
    await expect(waiting).rejects.toThrow(/is a server on its own, but .* need a replica set/);
  });

  it("does not wait for a password to become right, and does not tell it", async () => {
    const { said, log } = warnings();
    const waiting = awaitMongo({ url: (await startAlone("--auth")).url, log });
    await expect(waiting).rejects.toThrow(StartError);
    await expect(waiting).rejects.toThrow(
      /^The database of MONGODB_URL \(127\.0\.0\.1:\d+\/shop\) refuses the connection: Auth/,
    );
    await expect(waiting).rejects.not.toThrow("s3cret");
    expect(said).toEqual([]);
  });

  it("does not wait for an option that there is not", async () => {
    const waiting = awaitMongo({ url: "mongodb://shop:s3cret@127.0.0.1:1/shop?replicatSet=shop", log: warnings().log });
    await expect(waiting).rejects.toThrow(/refuses the connection: .*replicat[sS]et/i);
    await expect(waiting).rejects.not.toThrow("s3cret");
  });

  it("says that the set goes by another name", async () => {
    const url = new URL(await testMongo());
    url.searchParams.set("replicaSet", "wrong");
    const waiting = awaitMongo({ url: url.href, log: warnings().log, waitMs: 0 });
    await expect(waiting).rejects.toThrow(/none of the servers is in a replica set "wrong"; replicaSet in MONGODB_URL/);
  });

  it("does not wait for a file that cannot be read", async () => {
    const url = "mongodb://127.0.0.1:1/shop?tls=true&tlsCAFile=/no/ca.pem";
    const waiting = awaitMongo({ url, log: warnings().log });
    await expect(waiting).rejects.toThrow("MONGODB_URL names the file /no/ca.pem, but it cannot be read: ENOENT.");
  });

  it("ends with a sentence when nobody answers for too long, without the password", async () => {
    const url = `mongodb://shop:s3cret@127.0.0.1:${await freePort()}/shop`;
    const waiting = awaitMongo({ url, log: warnings().log, waitMs: 0 });
    await expect(waiting).rejects.toThrow(
      /^The database of MONGODB_URL \(127\.0\.0\.1:\d+\/shop\) did not answer within/,
    );
    await expect(waiting).rejects.not.toThrow("s3cret");
  });

  it("ends when nobody wants it any more", async () => {
    const { said, log } = warnings();
    const stop = new AbortController();
    const waiting = awaitMongo({ url: `mongodb://127.0.0.1:${await freePort()}/shop`, log, signal: stop.signal });
    await eventually(() => expect(said).toHaveLength(1));
    stop.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow();
  });
});
