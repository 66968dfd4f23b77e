import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { mongodProgram } from "../testing/engines/programs/mongod.ts";
import { startServer, type TestServer } from "../testing/engines/server.ts";
import { initiate } from "./initiate.ts";
import { awaitMongo } from "./wait.ts";

const HOST = "127.0.0.1";
const log = { warn: () => {} };

/** Whether somebody listens: a mongod that is no replica set yet answers little else. */
const listens = (port: number) =>
  new Promise<void>((resolve, reject) => {
    const socket = connect(port, HOST, () => {
      socket.destroy();
      resolve();
    }).on("error", reject);
  });

let server: TestServer;
beforeAll(async () => {
  const program = await mongodProgram();
  server = await startServer({
    name: "mongod",
    command: async (port, folder) => [
      ...[program, "--replSet", "shop", "--port", `${port}`, "--bind_ip", HOST, "--dbpath", folder],
      ...["--nounixsocket", "--quiet", "--wiredTigerCacheSizeGB", "0.25"],
    ],
    isReady: listens,
    url: (port) => `mongodb://${HOST}:${port}/shop?replicaSet=shop`,
  });
});
afterAll(() => server?.close());

it("makes a server a replica set once, however many ask for it at the same time", async () => {
  const done = await Promise.all([initiate(server.url), initiate(server.url), initiate(server.url)]);
  expect(done.filter(Boolean)).toHaveLength(1);
  await awaitMongo({ url: server.url, log });
  expect(await initiate(server.url)).toBe(false);
});

it("says so when nobody is there", async () => {
  await expect(initiate("mongodb://127.0.0.1:1/shop?replicaSet=shop", 0)).rejects.toThrow(
    "There is no MongoDB at 127.0.0.1:1.",
  );
});

it.each(["mongodb://a:1,b:2/shop?replicaSet=shop", "mongodb://a:1/shop", "mongodb+srv://a/shop?replicaSet=shop"])(
  "wants one host and the name of the set: %s",
  async (url) => {
    await expect(initiate(url)).rejects.toThrow("MONGODB_URL must name one host and its set");
  },
);
