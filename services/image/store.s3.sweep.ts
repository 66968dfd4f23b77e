import type { Logger } from "pino";
import type { S3, S3Listed } from "#kit/s3/s3.ts";
import { readInfo } from "./store.s3.info.ts";
import { infoKey, isOfPicture, ownerOf, PICTURES } from "./store.s3.keys.ts";

/** What is needed to find what belongs to no picture. */
export interface SweepDeps {
  readonly s3: S3;
  readonly log: Pick<Logger, "info" | "warn">;
  readonly nowMs?: () => number;
  /** Told how many objects were removed. */
  readonly onRemoved?: (count: number) => void;
}

/**
 * What belongs to no picture is removed when it is older than this: an upload that is under way has no picture yet. The ages
 * come from the server's clock, which can be no more than 15 minutes apart from ours, since requests are signed with the time.
 */
export const ORPHAN_AGE_MS = 3_600_000;
/** How often the whole bucket is gone through, by whichever replica comes first. */
const SWEEP_EVERY_MS = 6 * 3_600_000;
/** How often a replica looks whether it is time. */
const LOOK_EVERY_MS = 10 * 60_000;
const SWEPT = "housekeeping/swept";
const LIST_MAX = 1_000;

/** All that lies in the folder of one picture, folder by folder. */
async function* folders(s3: S3): AsyncGenerator<{ id: string; objects: S3Listed[] }> {
  let folder: { id: string; objects: S3Listed[] } | undefined;
  let listed: S3Listed[];
  let after = "";
  do {
    listed = await s3.list({ prefix: PICTURES, after });
    for (const object of listed) {
      if (!isOfPicture(object.key)) continue;
      const { id } = ownerOf(object.key);
      if (folder !== undefined && folder.id !== id) yield folder;
      if (folder?.id === id) folder.objects.push(object);
      else folder = { id, objects: [object] };
    }
    after = listed.at(-1)?.key ?? "";
  } while (listed.length === LIST_MAX);
  if (folder !== undefined) yield folder;
}

/** What of a folder may be removed. What is written down of the picture is read last, when all else has been seen. */
async function orphansOf(s3: S3, id: string, objects: readonly S3Listed[], oldMs: number): Promise<string[]> {
  const isKept = objects.some((it) => it.key === infoKey(id));
  const originals = objects.filter((it) => ownerOf(it.key).upload !== undefined);
  if (isKept && originals.length <= 1) return [];
  const old = objects.filter((it) => it.modifiedMs < oldMs && it.key !== infoKey(id));
  if (old.length === 0) return [];
  const kept = await readInfo(s3, id);
  return old
    .map((it) => ({ key: it.key, upload: ownerOf(it.key).upload }))
    .filter(({ upload }) => kept === undefined || (upload !== undefined && upload !== kept.upload))
    .map(({ key }) => key);
}

/**
 * Removes what uploads and deletions left that did not come to their end. Any number of replicas may do so at once, and
 * pictures may come and go meanwhile. @returns how many objects it removed
 */
export async function sweepOrphans({ s3, nowMs = Date.now }: SweepDeps, signal?: AbortSignal): Promise<number> {
  let removed = 0;
  for await (const { id, objects } of folders(s3)) {
    if (signal?.aborted) break;
    const orphans = await orphansOf(s3, id, objects, nowMs() - ORPHAN_AGE_MS);
    if (orphans.length > 0) await s3.delete(orphans);
    removed += orphans.length;
  }
  return removed;
}

/** Sweeps when nobody has for a while. */
export async function sweepWhenDue(deps: SweepDeps, signal?: AbortSignal): Promise<void> {
  const { s3, log, nowMs = Date.now, onRemoved } = deps;
  const [swept] = await s3.list({ prefix: SWEPT, limit: 1 });
  if (swept !== undefined && nowMs() - swept.modifiedMs < SWEEP_EVERY_MS) return;
  // First the mark, so that the other replicas leave it to this one. If it comes to nothing, the next time is soon enough.
  await s3.put(SWEPT, Buffer.of());
  const removed = await sweepOrphans(deps, signal);
  onRemoved?.(removed);
  if (removed > 0) log.info({ removed }, "removed files that belong to no picture");
}

/** Sweeps from time to time. The function it answers stops that and waits for what runs. */
export function startSweeping(deps: SweepDeps): () => Promise<void> {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const timer = setInterval(
    () => {
      running ??= sweepWhenDue(deps, stopping.signal)
        .catch((error: unknown) => deps.log.warn({ err: error }, "orphaned files were not removed; trying again later"))
        .finally(() => {
          running = undefined;
        });
    },
    // Apart from each other, so that replicas that were started together seldom look at the same moment.
    LOOK_EVERY_MS * (0.5 + Math.random()),
  ).unref();
  return async () => {
    stopping.abort();
    clearInterval(timer);
    await running;
  };
}
