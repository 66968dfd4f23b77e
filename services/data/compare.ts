import { canonical, createSum, type Totals } from "#kit/portable/canonical.ts";
import type { Collection, Entry } from "#kit/portable/collection.ts";
import type { Progress, Source } from "./copy.ts";

/** A record that is not the same on both sides. */
export interface Difference {
  readonly collection: string;
  readonly key: string;
  readonly what: "missing" | "different" | "too many" | "damaged";
}

/** Differences of a collection that are named; more are only known to be there. */
const NAMED_MAX = 20;

/** Reads a collection and adds it up. */
export async function totalsOf(source: Source, onProgress: (progress: Progress) => void): Promise<Totals> {
  const sum = createSum();
  const total = await source.count();
  for await (const entries of source.read()) {
    for (const it of entries) sum.add(it);
    onProgress({ phase: "checking", collection: source.name, done: sum.totals().records, total });
  }
  return sum.totals();
}

const isOver = (source: Source, { value }: Entry) =>
  (source.expireMs?.(value) ?? Number.POSITIVE_INFINITY) <= Date.now();

/** Records of a batch that a target has not, or has otherwise. */
async function lacking(entries: readonly Entry[], source: Source, target: Collection): Promise<Difference[]> {
  const there = new Map((await target.get(entries.map((it) => it.key))).map((it) => [it.key, it.value]));
  return entries.flatMap((entry): Difference[] => {
    const { key, value } = entry;
    const other = there.get(key);
    if (other === undefined) return isOver(source, entry) ? [] : [{ collection: source.name, key, what: "missing" }];
    return canonical(other) === canonical(value) ? [] : [{ collection: source.name, key, what: "different" }];
  });
}

/** Names records that are not the same on both sides; what is over by itself may be gone on one of them. */
export async function differencesOf(source: Source, target: Collection): Promise<Difference[]> {
  const found: Difference[] = [];
  // A backup is only read through: its keys are kept to find what the target has beside them.
  const keys = source.get === undefined ? new Set<string>() : undefined;
  for await (const entries of source.read()) {
    for (const it of entries) keys?.add(it.key);
    found.push(...(await lacking(entries, source, target)));
    if (found.length >= NAMED_MAX) return found.slice(0, NAMED_MAX);
  }
  for await (const entries of target.read()) {
    const known = keys ?? new Set((await source.get?.(entries.map((it) => it.key)))?.map((it) => it.key));
    const extra = entries.filter((it) => !known.has(it.key) && !isOver(source, it));
    found.push(...extra.map(({ key }): Difference => ({ collection: source.name, key, what: "too many" })));
    if (found.length >= NAMED_MAX) return found.slice(0, NAMED_MAX);
  }
  return found;
}

/** Names records whose bytes are missing or are not theirs. */
export async function damagedContents(target: Source, onProgress: (progress: Progress) => void): Promise<Difference[]> {
  const collection = target.name;
  const found: Difference[] = [];
  let done = 0;
  for await (const entries of target.read()) {
    for (const { key } of entries) {
      const bytes = await target.content?.(key);
      if (bytes === undefined) found.push({ collection, key, what: "missing" });
      else if (target.isContent?.(key, bytes) === false) found.push({ collection, key, what: "damaged" });
      if (found.length >= NAMED_MAX) return found;
      done += 1;
      onProgress({ phase: "checking", collection: `bytes of ${collection}`, done, total: undefined });
    }
  }
  return found;
}

/**
 * Whether a target holds exactly what was read of a source, by number and checksum; where it does not, the records are
 * named.
 */
export async function verifyCollection(
  source: Source,
  target: Collection,
  expected: Totals,
  onProgress: (progress: Progress) => void,
): Promise<Difference[]> {
  const found = await totalsOf(target, onProgress);
  const same = found.records === expected.records && found.checksum === expected.checksum;
  const records = same ? [] : await differencesOf(source, target);
  const contents = target.content === undefined ? [] : await damagedContents(target, onProgress);
  return [...records, ...contents];
}
