import type { Totals } from "#kit/portable/canonical.ts";
import type { Collection } from "#kit/portable/collection.ts";
import type { WritingSession } from "#kit/portable/session.ts";
import { StartError } from "#kit/start-error.ts";
import { type Difference, verifyCollection } from "./compare.ts";
import { type Copied, clear, copyCollection, isEmpty, type Progress, removeMissing, type Source } from "./copy.ts";
import { type Mark, writeMark } from "./mark.ts";
import type { OpenShop } from "./shop.ts";
import { inspectTarget } from "./target.ts";

/** Where records come from: a shop, or a backup. */
export interface Origin {
  readonly name: string;
  readonly identity: string;
  readonly collections: readonly Source[];
}

/** How to carry over. */
export interface MoveOptions {
  readonly source: Origin;
  readonly target: OpenShop<WritingSession>;
  /** Whether what the target holds may be lost. */
  readonly overwrite: boolean;
  readonly onProgress: (progress: Progress) => void;
  /** Told the target before anything in it is changed, and undefined when all has arrived. */
  readonly onIncomplete: (target: string | undefined) => void;
  /** What is done in the target when all has arrived; when it is cut short, all is written anew. */
  readonly afterwards?: () => Promise<void>;
}

/** What came of it. */
export interface Moved {
  readonly copied: readonly Copied[];
  /** Records that the target had and the source has no more. */
  readonly removed: number;
  /** None: the target holds what the source held. */
  readonly differences: readonly Difference[];
}

type Pair = readonly [source: Source, target: Collection];

/** Each of the source's collections with its place in the target; what has no place there must be empty. */
async function pairsOf({ source, target }: MoveOptions): Promise<Pair[]> {
  const places = new Map(target.collections.map((it) => [it.name, it]));
  const pairs: Pair[] = [];
  for (const it of source.collections) {
    const place = places.get(it.name);
    if (place !== undefined && it.version > place.version)
      throw new StartError(`${it.name} of ${source.name} is of a newer version than this program knows.`);
    if (place !== undefined) pairs.push([it, place]);
    else if (!(await isEmpty(it)))
      throw new StartError(`${target.name} has no place for the ${it.name} that are in ${source.name}.`);
  }
  // In the order of the target: it knows what refers to what.
  const order = [...places.keys()];
  return pairs.sort(([a], [b]) => order.indexOf(a.name) - order.indexOf(b.name));
}

/** Takes out of the target what must not stay. @returns how many records the source has no more */
async function makeRoom(pairs: readonly Pair[], mark: Mark, options: MoveOptions): Promise<number> {
  const { target } = options;
  await writeMark(target.postgres, mark);
  let removed = 0;
  // Backwards, so that nothing refers to what goes.
  for (const [from, into] of pairs.toReversed()) {
    const { get } = from;
    if (get !== undefined) removed += await removeMissing({ get: (keys) => get.call(from, keys) }, into);
    else if (mark.state === "clearing") await clear(into);
  }
  if (mark.state === "clearing") {
    const paired = new Set(pairs.map(([, into]) => into.name));
    for (const it of target.collections.toReversed()) if (!paired.has(it.name)) await clear(it);
  }
  return removed;
}

/**
 * Carries what a source holds into a target, and looks whether it arrived. A run that was cut short goes on where it was;
 * one that follows a finished one carries only what changed.
 * @throws StartError when the target is used by somebody, or holds something else and may not be overwritten
 */
export async function move(options: MoveOptions): Promise<Moved> {
  const { source, target, overwrite, onProgress, onIncomplete } = options;
  if (source.identity === target.identity)
    throw new StartError(`${source.name} and ${target.name} are the same database.`);
  const pairs = await pairsOf(options);
  const { condition, mark, reason } = await inspectTarget(target, source.identity, onProgress);
  if (condition === "used" && !overwrite)
    throw new StartError(
      `${target.name} is not empty: ${reason}. What it holds would be lost; add --overwrite if it may be.`,
    );
  const clearing = condition === "used" || (condition === "begun" && mark?.state === "clearing");
  const state = clearing ? "clearing" : "writing";
  onIncomplete(target.name);
  const removed =
    condition === "empty" ? 0 : await makeRoom(pairs, { source: source.identity, state, totals: {} }, options);
  await writeMark(target.postgres, { source: source.identity, state: "writing", totals: {} });

  const copied: Copied[] = [];
  for (const [from, into] of pairs) copied.push(await copyCollection(from, into, onProgress));
  await target.postgres.settle();
  const totals: Record<string, Totals> = Object.fromEntries(copied.map((it) => [it.collection, it.totals]));
  const differences: Difference[] = [];
  for (const [from, into] of pairs)
    differences.push(...(await verifyCollection(from, into, totals[from.name] ?? NOTHING, onProgress)));
  if (differences.length > 0) return { copied, removed, differences };
  await options.afterwards?.();
  await writeMark(target.postgres, { source: source.identity, state: "done", totals });
  onIncomplete(undefined);
  return { copied, removed, differences };
}

const NOTHING: Totals = { records: 0, checksum: "" };
