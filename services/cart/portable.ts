import type { Portable, PortableContext } from "#kit/portable/portable.ts";
import { postgresCollections } from "./portable.postgres.ts";
import { type OwnersOf, redisCollections } from "./portable.redis.ts";

const OWNERS = `
  SELECT order_id::text AS id, user_id::text AS owner FROM "order".orders WHERE order_id = ANY($1::text[]::uuid[])`;

function ownersIn({ postgres }: PortableContext): OwnersOf {
  return async (orderIds) => {
    const { rows } = await postgres.query<{ id: string; owner: string }>(OWNERS, [orderIds]);
    return new Map(rows.map((it) => [it.id, it.owner]));
  };
}

/** What cart keeps. */
export const portable: Portable = async (context) => {
  const { redis } = context.settings;
  if (redis === undefined) return postgresCollections(context.postgres);
  // The driver is loaded where it is needed.
  const { openBareRedis } = await import("#kit/redis/bare.ts");
  const opened = await openBareRedis(redis);
  context.onClose(() => opened.close());
  return redisCollections(opened, ownersIn(context));
};
