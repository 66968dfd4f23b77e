import type { Mongo } from "#kit/mongo/client.ts";

type Corner = Pick<Mongo, "db" | "collection" | "run" | "read">;

/** An operation on one of product's collections, and what happens just before it. */
export interface Interception {
  readonly collection: string;
  readonly operation: string;
  /** Given the operation's arguments; when it throws, the operation is not done and fails with that. */
  readonly before: (...args: unknown[]) => Promise<void>;
}

/** MongoDB with something that happens just before some operations, so that tests choose how things fall together. */
export function interceptMongo(mongo: Corner, ...interceptions: readonly Interception[]): Corner {
  const collection = (name: string) =>
    new Proxy(mongo.collection(name), {
      get(target, operation) {
        const value: unknown = Reflect.get(target, operation, target);
        if (typeof value !== "function") return value;
        const call = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
        const found = interceptions.find((it) => it.collection === name && it.operation === operation);
        if (found === undefined) return call;
        return async (...args: unknown[]) => {
          await found.before(...args);
          return call(...args);
        };
      },
    });
  return { db: mongo.db, collection: collection as Mongo["collection"], run: mongo.run, read: mongo.read };
}
