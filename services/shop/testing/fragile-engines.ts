import { startKafka } from "#kit/testing/engines/kafka.ts";
import { startMongo } from "#kit/testing/engines/mongo.ts";
import { freePort } from "#kit/testing/engines/ports.ts";
import { startPostgres15 } from "#kit/testing/engines/postgres15.ts";
import { startTcpProxy, type TcpProxy } from "#kit/testing/engines/proxy.ts";
import { startRedis } from "#kit/testing/engines/redis.ts";
import { makeBucket, startMinio } from "#kit/testing/engines/s3.ts";
import type { ServerSet, TestServer } from "#kit/testing/engines/server.ts";

/** An engine with a network before it: all that can happen to it can be made to happen. */
export interface FragileEngine {
  readonly server: ServerSet;
  readonly proxy: TcpProxy;
  /** Where services find it: by way of the proxy. */
  readonly url: string;
  /** Where a test finds it, whatever the proxy does. */
  readonly directUrl: string;
}

/** The engines that a shop can run on. */
export type EngineName = "PostgreSQL" | "MongoDB" | "Redis" | "S3" | "Kafka";

const HOST = "127.0.0.1";

/** Starts every engine, each behind a proxy that listens at an address of this machine. */
export async function startFragileEngines(host: string = HOST): Promise<Record<EngineName, FragileEngine>> {
  const [PostgreSQL, MongoDB, Redis, S3, Kafka] = await Promise.all([
    behindProxy(host, startPostgres15()),
    advertised(
      host,
      (at) => startMongo(at),
      (set, port) => set.url.replace(/[^/]+:\d+\//, `${HOST}:${port}/`),
    ),
    behindProxy(host, startRedis()),
    behindProxy(host, startMinio()),
    advertised(
      host,
      (at) => startKafka(at),
      ({ url }) => url,
    ),
  ]);
  await makeBucket(S3.directUrl);
  return { PostgreSQL, MongoDB, Redis, S3, Kafka };
}

/** The settings that lead services to them. */
export const settingsOf = (engines: Record<EngineName, FragileEngine>): Record<string, string> => ({
  POSTGRES_URL: engines.PostgreSQL.url,
  MONGODB_URL: engines.MongoDB.url,
  REDIS_URL: engines.Redis.url,
  S3_URL: engines.S3.url,
  KAFKA_BROKERS: engines.Kafka.url,
});

/** A server that takes clients as they come, whatever they call it. */
async function behindProxy(host: string, starting: Promise<TestServer>): Promise<FragileEngine> {
  const server = await starting;
  const proxy = await startTcpProxy(HOST, server.port, { host });
  const url = new URL(server.url);
  url.hostname = host;
  url.port = `${proxy.port}`;
  return { server, proxy, url: url.href, directUrl: server.url };
}

/** A server that tells its clients where it is: there, too, the proxy must stand. */
async function advertised<T extends ServerSet & { readonly url: string }>(
  host: string,
  start: (at: { port: number; advertise: string }) => Promise<T>,
  directUrlOf: (server: T, port: number) => string,
): Promise<FragileEngine> {
  const [port, proxyPort] = await Promise.all([freePort(), freePort()]);
  const proxy = await startTcpProxy(HOST, port, { host, port: proxyPort });
  const server = await start({ port, advertise: `${host}:${proxyPort}` });
  return { server, proxy, url: server.url, directUrl: directUrlOf(server, port) };
}
