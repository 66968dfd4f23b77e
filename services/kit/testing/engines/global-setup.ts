import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { TestProject } from "vitest/node";
import { startKafka } from "./kafka.ts";
import { startMongo } from "./mongo.ts";
import { startPostgres15 } from "./postgres15.ts";
import { installPrograms } from "./programs/install.ts";
import { startMinio, startVersityGateway } from "./s3.ts";

/** What a whole test run shares: its URL, as the settings of a service take it. */
const SHARED = {
  mongo: () => startMongo(),
  minio: () => startMinio(),
  versitygw: () => startVersityGateway(),
  kafka: () => startKafka(),
  postgres15: () => startPostgres15({ settings: { fsync: "off" } }),
} satisfies Record<string, () => Promise<Closable>>;

interface Closable {
  readonly url: string;
  close(): Promise<void>;
}

/** A server that a whole test run shares. */
export type SharedServer = keyof typeof SHARED;

declare module "vitest" {
  interface ProvidedContext {
    /** Where test files ask for the servers that all of them share. */
    sharedServersUrl: string;
  }
}

/**
 * Sees to it that every engine can be had, and starts each server that test files share when the first of them asks for it:
 * one file alone does not wait for all.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await installPrograms();
  const started = new Map<SharedServer, Promise<Closable>>();
  const urlOf = async (name: SharedServer): Promise<string> => {
    const server = started.get(name) ?? SHARED[name]();
    started.set(name, server);
    return (await server).url;
  };
  const http = createServer(async (request, response) => {
    try {
      response.end(await urlOf((await text(request)) as SharedServer));
    } catch (error) {
      response.writeHead(500).end((error as Error).message);
    }
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  project.provide("sharedServersUrl", `http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  return async () => {
    http.close();
    const servers = await Promise.allSettled(started.values());
    for (const it of servers) if (it.status === "fulfilled") await it.value.close();
  };
}
