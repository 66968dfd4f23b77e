import type { Mongo } from "#kit/mongo/client.ts";

type Collection = ReturnType<Mongo["collection"]>;
type Corner = Pick<Mongo, "collection" | "run" | "read">;

/** What becomes of the write at which a process ends: never sent, made, or on its way for longer than anybody waits. */
export type Ending = "before" | "after" | "late";

/** A process that ends at one of its writes. */
export interface CrashingMongo extends Corner {
  /** Whether it came that far. */
  readonly crashed: () => boolean;
  /** Lets the write that was on its way arrive; whatever it changes or finds. */
  readonly arrive: () => Promise<unknown>;
}

class Crash extends Error {
  override readonly name = "Crash";
}

const WRITES = new Set(["insertOne", "insertMany", "updateOne", "updateMany", "findOneAndUpdate", "deleteOne"]);

/** MongoDB as a process knows it that ends at its `last`th write, 1 being the first; those of a bulk count one by one. */
export function createCrashingMongo(mongo: Corner, last: number, ending: Ending): CrashingMongo {
  let count = 0;
  let crashed = false;
  let onItsWay: () => Promise<unknown> = async () => {};

  async function write(make: () => Promise<unknown>): Promise<unknown> {
    if (crashed) throw new Crash();
    if (++count < last) return make();
    crashed = true;
    if (ending === "after") await make();
    if (ending === "late") onItsWay = make;
    throw new Crash();
  }

  async function bulkWrite(collection: Collection, updates: object[]): Promise<{ modifiedCount: number }> {
    let modifiedCount = 0;
    for (const update of updates) {
      const one = await write(() => collection.bulkWrite([update as never]));
      modifiedCount += (one as { modifiedCount: number }).modifiedCount;
    }
    return { modifiedCount };
  }

  const guarded = (collection: Collection) =>
    new Proxy(collection, {
      get(target, name) {
        if (name === "bulkWrite") return (updates: object[]) => bulkWrite(target, updates);
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const call = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
        return WRITES.has(String(name)) ? (...args: unknown[]) => write(() => call(...args)) : call;
      },
    });

  return {
    collection: ((name: string) => guarded(mongo.collection(name))) as Mongo["collection"],
    run: (operation, options) => (crashed ? Promise.reject(new Crash()) : mongo.run(operation, options)),
    read: (operation, options) => (crashed ? Promise.reject(new Crash()) : mongo.read(operation, options)),
    crashed: () => crashed,
    arrive: () => onItsWay().catch(() => {}),
  };
}
