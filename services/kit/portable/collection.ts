import type { Json } from "./canonical.ts";

/** One record of a collection, in a form that no engine has a say in. */
export interface Entry {
  /** Tells it from all others of its collection. */
  readonly key: string;
  readonly value: Json;
}

/**
 * Records of one kind as one engine keeps them: what moving, backup and restore read and write. Nobody else writes to them
 * meanwhile, or what is read is of one moment, as far as the engine can do that.
 */
export interface Collection {
  /** The service and what it is: "cart.carts"; the same on every engine. */
  readonly name: string;
  /** The form of the records; grows when programs of before could not read them. */
  readonly version: number;
  /** How many there are about; undefined where that costs as much as reading them. */
  count(): Promise<number | undefined>;
  /** All records in any order, in batches that fit into memory. */
  read(): AsyncIterable<readonly Entry[]>;
  /** Those of some keys that there are, in any order. */
  get(keys: readonly string[]): Promise<readonly Entry[]>;
  /** Stores records in place of those with the same keys; as often as one likes. Their contents come with them, if they have any. */
  put(entries: readonly Entry[], contentOf?: (key: string) => Promise<Uint8Array | undefined>): Promise<void>;
  /** Takes records out; those that are not there are passed over. */
  remove(keys: readonly string[]): Promise<void>;
  /** The bytes that belong to a record, where this kind has such: a picture's original. */
  content?(key: string): Promise<Uint8Array | undefined>;
  /** Whether these bytes are those that belong to the key. */
  isContent?(key: string, bytes: Uint8Array): boolean;
  /** When a record is over by itself and may be gone at any moment, in milliseconds since 1970. */
  expireMs?(value: Json): number | undefined;
  /** Called once when all that was to be written is. */
  finish?(): Promise<void>;
}

/** Records read from or written to an engine at once. */
export const BATCH_RECORDS = 500;

/** A list cut into pieces of at most so many. */
export function chunksOf<T>(all: readonly T[], size: number): (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}
