import type { Logger } from "pino";
import type { RedisConnection } from "./connection.ts";

/**
 * Warns of a Redis that would lose what is entrusted to it: one that makes room by forgetting, or that has neither a log of
 * its changes nor a replica. All that the shop keeps expires, so a policy for what expires (`volatile-…`) means it, too.
 * @param durable whether data must outlive the server's restart
 */
export async function warnOfLosses(redis: RedisConnection, log: Pick<Logger, "warn">, durable: boolean): Promise<void> {
  const [memory, persistence, replication] = await Promise.all(
    ["memory", "persistence", "replication"].map(redis.info),
  );
  const policy = memory?.get("maxmemory_policy") ?? "noeviction";
  if (policy !== "noeviction")
    log.warn(
      { redis: redis.at, policy },
      "REDIS FORGETS CARTS when its memory is full: set its maxmemory-policy to noeviction",
    );
  const isKept = persistence?.get("aof_enabled") !== "0" || replication?.get("connected_slaves") !== "0";
  if (durable && !isKept)
    log.warn(
      { redis: redis.at },
      "REDIS LOSES CARTS when it restarts: set its appendonly to yes, or give it a replica and a Sentinel",
    );
}
