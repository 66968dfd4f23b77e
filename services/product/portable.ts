import type { Portable, PortableContext } from "#kit/portable/portable.ts";
import { outboxCollections } from "#kit/portable/table.ts";
import { mongoCollections } from "./portable.mongo.ts";
import { postgresCollections } from "./portable.postgres.ts";
import { collectionsOf } from "./store.mongo.collections.ts";

async function mongoOf({ isRead, onClose }: PortableContext, url: string) {
  // The driver is loaded where it is needed.
  const { openBareMongo } = await import("#kit/mongo/bare.ts");
  const mongo = openBareMongo(url, "product");
  onClose(() => mongo.close());
  return mongoCollections(collectionsOf(mongo), isRead ? mongo.snapshot : {});
}

/** What product keeps. */
export const portable: Portable = async (context) => {
  const { settings, postgres } = context;
  const { mongodbUrl, kafka } = settings;
  const own = mongodbUrl === undefined ? postgresCollections(postgres) : await mongoOf(context, mongodbUrl);
  // With both, it has nothing in PostgreSQL.
  return mongodbUrl !== undefined && kafka !== undefined ? own : [...own, ...outboxCollections(postgres, "product")];
};
