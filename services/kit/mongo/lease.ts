import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Collection } from "mongodb";
import { isDuplicate } from "./away.ts";

/** A document that stands for the right to do something alone, until its time is over. */
interface LeaseDocument {
  readonly _id: string;
  readonly holder: string;
  /** By the server's clock. */
  readonly until: Date;
}

/** How long a holder that crashed keeps others waiting, in milliseconds. */
const LEASE_MS = 15_000;
const RENEWALS = 3;
const POLL_MS = 200;

/**
 * Does something that only one process does at a time. Others wait; when the holder dies, its lease runs out and the next
 * one goes on. The work is told by `held` when the lease could not be kept: it ends then, since another may have begun.
 */
export async function withLease<T>(
  collection: Collection<LeaseDocument>,
  name: string,
  work: (held: AbortSignal) => Promise<T>,
  leaseMs = LEASE_MS,
): Promise<T> {
  const holder = randomUUID();
  const mine = [{ $set: { holder, until: { $add: ["$$NOW", leaseMs] } } }];
  const isOver = { $expr: { $lt: ["$until", "$$NOW"] } };
  const take = async () => {
    const { matchedCount } = await collection.updateOne({ _id: name, $or: [{ holder }, isOver] }, mine);
    if (matchedCount === 1) return true;
    try {
      // Where somebody else's lease stands, the filter finds nothing, and the id is taken.
      await collection.updateOne({ _id: name, holder: { $exists: false } }, mine, { upsert: true });
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  };
  while (!(await take())) await sleep(POLL_MS);
  const lost = new AbortController();
  const renewal = setInterval(() => {
    const kept = collection.updateOne({ _id: name, holder }, mine).then((it) => it.matchedCount === 1);
    kept.then(
      (isKept) => isKept || lost.abort(new Error(`The lease "${name}" was lost`)),
      () => {}, // the next renewal tries again before the lease is over
    );
  }, leaseMs / RENEWALS);
  try {
    return await work(lost.signal);
  } finally {
    clearInterval(renewal);
    await collection.deleteOne({ _id: name, holder }).catch(() => {}); // it runs out by itself
  }
}
