import type { Db, IndexDescription } from "mongodb";
import type { MongoMigration } from "#kit/mongo/migrate.ts";
import { listIndexes, SEARCH_INDEX } from "./store.mongo.indexes.ts";

/** How long an event is remembered: its log keeps it for a week, and what is older does not come again. */
const EVENTS_KEPT_SECONDS = 30 * 24 * 60 * 60;
const NAMESPACE_EXISTS = 48;

// Built when most of the servers have it; one that is down for long must not hold up a start.
const index = (db: Db, name: string, indexes: IndexDescription[]) =>
  db.collection(name).createIndexes(indexes, { commitQuorum: "majority" });

/** A collection whose documents must keep a rule, whatever the code does. */
async function collectionWithRule(db: Db, name: string, validator: object): Promise<void> {
  try {
    await db.createCollection(name, { validator });
  } catch (error) {
    if ((error as { code?: number }).code !== NAMESPACE_EXISTS) throw error;
    await db.command({ collMod: name, validator });
  }
}

// What is still to be done, by what and when; most documents have nothing left to do, and no place in it.
const NEXT: IndexDescription = { name: "next", key: { "next.step": 1, "next.time": 1 }, sparse: true };

/** From an empty database to what this version works with. Add to the end; never change what has been released. */
export const MIGRATIONS: readonly MongoMigration[] = [
  {
    name: "001_catalogue",
    async up(db, collection) {
      await collectionWithRule(db, collection("products"), { stock: { $gte: 0 }, sold: { $gte: 0 } });
      const search = { name: SEARCH_INDEX, key: { "search.words": 1 as const } };
      await index(db, collection("products"), [...listIndexes(), search]);
      await index(db, collection("words"), [{ name: "near", key: { near: 1 } }]);
    },
  },
  {
    name: "002_stock",
    async up(db, collection) {
      await index(db, collection("reservations"), [NEXT]);
      await index(db, collection("adjustments"), [NEXT]);
      const forgotten = { name: "forgotten", key: { handleTime: 1 as const }, expireAfterSeconds: EVENTS_KEPT_SECONDS };
      await index(db, collection("events"), [NEXT, forgotten]);
    },
  },
];
