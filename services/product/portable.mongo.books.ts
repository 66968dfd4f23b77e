import { ATTEMPT } from "./portable.mongo.documents.ts";
import type { Collections } from "./store.mongo.collections.ts";
import type { Hold } from "./store.mongo.documents.ts";

const BATCH = 500;

interface Pieces {
  readonly _id: string;
  readonly quantity: number;
}

/** Pieces of each product that are held or sold, as the reservations tell it. */
export interface Committed {
  pieces(): Promise<ReadonlyMap<string, number>>;
  /** The reservations changed. */
  forget(): void;
}

const sumsOf = (states: readonly string[]) => [
  { $match: { state: { $in: states } } },
  { $unwind: "$lines" },
  { $group: { _id: "$lines.productId", quantity: { $sum: "$lines.quantity" } } },
];

/** Reads all reservations through when it is asked, and again when they changed. */
export function createCommitted({ reservations, run }: Collections, reading: object): Committed {
  let known: Promise<Map<string, number>> | undefined;
  const read = async () => {
    const found = await run(() => reservations.aggregate<Pieces>(sumsOf(["held", "confirmed"]), reading).toArray());
    return new Map(found.map((it) => [it._id, it.quantity]));
  };
  return {
    pieces: () => (known ??= read()),
    forget() {
      known = undefined;
    },
  };
}

/** The books of one product as its reservations and adjustments make them. */
interface Books {
  readonly holds: Hold[];
  sold: number;
  adjusted: number;
}

async function gather({ reservations, adjustments, run }: Collections): Promise<Map<string, Books>> {
  const all = new Map<string, Books>();
  const of = (productId: string) => {
    const books = all.get(productId) ?? { holds: [], sold: 0, adjusted: 0 };
    all.set(productId, books);
    return books;
  };
  const sold = await run(() => reservations.aggregate<Pieces>(sumsOf(["confirmed"])).toArray());
  for (const { _id, quantity } of sold) of(_id).sold = quantity;
  const sums = [{ $match: { state: "applied" } }, { $group: { _id: "$productId", quantity: { $sum: "$delta" } } }];
  const adjusted = await run(() => adjustments.aggregate<Pieces>(sums).toArray());
  for (const { _id, quantity } of adjusted) of(_id).adjusted = quantity;
  const until = new Date();
  for (const { _id: orderId, lines } of await run(() => reservations.find({ state: "held" }).toArray()))
    for (const { productId, quantity } of lines)
      of(productId).holds.push({ orderId, attempt: ATTEMPT, quantity, until });
  return all;
}

/**
 * Writes the books of all products anew, from the reservations and adjustments that were written: what is held, what is
 * sold, and how many pieces there were in the beginning. Nobody may work on the products meanwhile.
 */
export async function keepBooks(collections: Collections): Promise<void> {
  const { products, run } = collections;
  const books = await gather(collections);
  let after = "";
  for (;;) {
    const filter = { _id: { $gt: after } };
    const options = { sort: { _id: 1 as const }, limit: BATCH, projection: { stock: 1 as const } };
    const found = await run(() => products.find(filter, options).toArray());
    if (found.length === 0) return;
    const updates = found.map(({ _id, stock }) => {
      const { holds, sold, adjusted } = books.get(_id) ?? { holds: [], sold: 0, adjusted: 0 };
      const held = holds.reduce((sum, it) => sum + it.quantity, 0);
      const initialStock = stock + held + sold - adjusted;
      return { updateOne: { filter: { _id }, update: { $set: { holds, sold, adjusted, initialStock, marks: [] } } } };
    });
    await run(() => products.bulkWrite(updates, { ordered: false }));
    after = found.at(-1)?._id ?? "";
  }
}
