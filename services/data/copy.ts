import { canonical, createSum, type Json, type Totals } from "#kit/portable/canonical.ts";
import type { Collection, Entry } from "#kit/portable/collection.ts";
import { StartError } from "#kit/start-error.ts";

/** Records that are read once, from a shop or from a backup. */
export type Source = Pick<Collection, "name" | "version" | "count" | "read" | "content" | "isContent" | "expireMs"> &
  Partial<Pick<Collection, "get">>;

/** How far a collection is. */
export interface Progress {
  readonly phase: "copying" | "checking" | "saving";
  readonly collection: string;
  readonly done: number;
  /** Undefined: not known before the end. */
  readonly total: number | undefined;
}

/** What was done with a collection. */
export interface Copied {
  readonly collection: string;
  /** Of all that was read. */
  readonly totals: Totals;
  /** Records that were not there, or were different. */
  readonly written: number;
}

const byKey = (entries: readonly Entry[]): Map<string, Json> => new Map(entries.map((it) => [it.key, it.value]));

/** Those that the target has not, or has otherwise. */
async function differing(entries: readonly Entry[], target: Collection): Promise<readonly Entry[]> {
  const there = byKey(await target.get(entries.map((it) => it.key)));
  return entries.filter((it) => {
    const other = there.get(it.key);
    return other === undefined || canonical(other) !== canonical(it.value);
  });
}

/** Writes what a target lacks of a collection. What is there already is only read, so that a copy that was cut short goes on where it was. */
export async function copyCollection(
  source: Source,
  target: Collection,
  onProgress: (progress: Progress) => void,
): Promise<Copied> {
  const collection = source.name;
  const total = await source.count();
  const isFresh = await isEmpty(target);
  const sum = createSum();
  let written = 0;
  onProgress({ phase: "copying", collection, done: 0, total });
  for await (const entries of source.read()) {
    const lacking = isFresh ? entries : await differing(entries, target);
    if (lacking.length > 0) await target.put(lacking, source.content && contentOf(source));
    written += lacking.length;
    for (const it of entries) sum.add(it);
    onProgress({ phase: "copying", collection, done: sum.totals().records, total });
  }
  await target.finish?.();
  return { collection, totals: sum.totals(), written };
}

/** The bytes that belong to a record, after a look that they do. */
function contentOf(source: Source) {
  return async (key: string): Promise<Uint8Array | undefined> => {
    const bytes = await source.content?.(key);
    if (bytes !== undefined && source.isContent?.(key, bytes) === false)
      throw new StartError(`The content of ${key} in ${source.name} is damaged.`);
    return bytes;
  };
}

/** Takes out of a target what the source has no more. @returns how many records */
export async function removeMissing(source: Pick<Collection, "get">, target: Collection): Promise<number> {
  let removed = 0;
  for await (const entries of target.read()) {
    const there = byKey(await source.get(entries.map((it) => it.key)));
    const gone = entries.map((it) => it.key).filter((it) => !there.has(it));
    if (gone.length > 0) await target.remove(gone);
    removed += gone.length;
  }
  return removed;
}

/** Takes everything out of a collection. */
export async function clear(target: Collection): Promise<void> {
  for await (const entries of target.read()) await target.remove(entries.map((it) => it.key));
}

/** Whether nothing is in a collection. */
export async function isEmpty(target: Pick<Collection, "read">): Promise<boolean> {
  for await (const _ of target.read()) return false;
  return true;
}
