import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { S3, S3Listed } from "#kit/s3/s3.ts";
import type { ImageInfo } from "./image.ts";
import { sha256Of, storedFile } from "./store.s3.file.ts";
import { addInfo, readInfo, replaceInfo } from "./store.s3.info.ts";
import { folderOf, idOfMarker, infoKey, markerOf, NEWEST, originalKey, ownerOf, variantKey } from "./store.s3.keys.ts";
import { ORPHAN_AGE_MS } from "./store.s3.sweep.ts";
import type { ImageStore } from "./store.ts";

/** What a store of pictures in an S3 stands on. */
export interface S3StoreDeps {
  readonly s3: S3;
  readonly log: Pick<Logger, "error">;
  readonly nowMs?: () => number;
}

const NOTHING = Buffer.of();
/** How often something is tried that others come in between of. */
const ATTEMPTS_MAX = 5;
/** Long before what it has written so far may be taken for an orphan, an upload gives up. */
const UPLOAD_MAX_MS = ORPHAN_AGE_MS / 4;
/** Infos of a page that are read at the same time. */
const READS_MAX = 16;

const crowded = (id: string) => new Error(`others changed ${id} all the time`);

/** Does something with each, some at a time; the results are in the order of the items. */
async function mapSome<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += READS_MAX)
    results.push(...(await Promise.all(items.slice(at, at + READS_MAX).map(work))));
  return results;
}

/** Writes an upload: what is written down of it last, for then all else is there. @returns what is kept now; undefined when it went away again. */
async function putOnce({ s3, nowMs = Date.now }: S3StoreDeps, info: ImageInfo, original: Uint8Array) {
  const [upload, sha256] = [randomUUID(), sha256Of(original)];
  const [key, marker] = [originalKey(info.id, upload), markerOf(info)];
  const startMs = nowMs();
  await s3.put(key, original, { contentType: info.contentType, metadata: { sha256 } });
  // A marker without its image is passed over, an image without marker would never be listed.
  await s3.put(marker, NOTHING);
  if (nowMs() - startMs > UPLOAD_MAX_MS) throw new Error(`the upload of ${info.id} took too long`);
  if (await addInfo(s3, { info, upload, sha256 })) return info;
  const kept = await readInfo(s3, info.id);
  // A first request may have done it, and lost its answer.
  if (kept?.upload === upload) return info;
  await s3.delete(kept === undefined || markerOf(kept.info) === marker ? [key] : [key, marker]);
  return kept?.info;
}

async function listed(s3: S3, limit: number, last: string, nowMs: () => number): Promise<ImageInfo[]> {
  const markers = await s3.list({ prefix: NEWEST, after: last, limit });
  const found: ImageInfo[] = [];
  const stale: string[] = [];
  const keptOf = async ({ key, modifiedMs }: S3Listed) => {
    const id = idOfMarker(key);
    return id === undefined ? [] : [{ key, modifiedMs, kept: await readInfo(s3, id) }];
  };
  for (const { key, modifiedMs, kept } of (await mapSome(markers, keptOf)).flat()) {
    if (kept !== undefined && markerOf(kept.info) === key) found.push(kept.info);
    else if (nowMs() - modifiedMs > ORPHAN_AGE_MS) stale.push(key);
  }
  if (stale.length > 0) await s3.delete(stale);
  const next = markers.at(-1);
  if (found.length === limit || markers.length < limit || next === undefined) return found;
  return [...found, ...(await listed(s3, limit - found.length, next.key, nowMs))];
}

/**
 * Pictures in an S3, for any number of replicas: `pictures/<id>/` with `info.json`, the original and the variants, and empty
 * objects below `newest/` whose keys sort the newest first. A picture is there while its `info.json` is, which comes last
 * and goes first; what a crash leaves without one is swept away later.
 */
export function createS3Store(deps: S3StoreDeps): ImageStore {
  const { s3, log, nowMs = Date.now } = deps;
  const get = async (id: string) => (await readInfo(s3, id))?.info;
  return {
    get,
    async put(info, original) {
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
        const kept = await putOnce(deps, info, original);
        if (kept !== undefined) return kept;
      }
      throw crowded(info.id);
    },
    async original(id) {
      const kept = await readInfo(s3, id);
      if (kept === undefined) return undefined;
      const object = await s3.get(originalKey(id, kept.upload), { isLarge: true });
      if (object === undefined) log.error({ imageId: id }, "the original of a picture is missing");
      else if (sha256Of(object.bytes) !== kept.sha256)
        throw new Error(`the original of ${id} holds other bytes than were kept`);
      return object?.bytes;
    },
    list: (limit, after) => listed(s3, limit, after === undefined ? "" : markerOf(after), nowMs),
    async setAlt(id, alt) {
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
        const kept = await readInfo(s3, id);
        if (kept === undefined) return;
        const { etag, info, ...rest } = kept;
        if (await replaceInfo(s3, { ...rest, info: { ...info, alt } }, etag)) return;
      }
      throw crowded(id);
    },
    async delete(id) {
      const kept = await readInfo(s3, id);
      if (kept !== undefined) await s3.delete([infoKey(id)]);
      const files = await s3.list({ prefix: folderOf(id) });
      // The original of another upload, which may be under way, stays; variants can be made again.
      const keys = files.map((it) => it.key).filter((it) => it !== infoKey(id) && ownerOf(it).upload === undefined);
      if (kept !== undefined) keys.push(originalKey(id, kept.upload), markerOf(kept.info));
      if (keys.length > 0) await s3.delete(keys);
    },
    async variant(id, name) {
      const key = variantKey(id, name);
      const head = await s3.head(key);
      if (head === undefined) return undefined;
      const { sha256 } = head.metadata;
      if (sha256 === undefined) {
        // None of ours: it makes room for one.
        await s3.delete([key]);
        return undefined;
      }
      const onDamaged = async () => {
        log.error({ imageId: id, name }, "a file of a picture was changed; it will be made again");
        await s3.delete([key]);
      };
      return storedFile(s3, { key, head, sha256, onDamaged });
    },
    async putVariant(id, name, bytes) {
      const key = variantKey(id, name);
      // A file that is there stays: somebody may be reading it.
      await s3.put(key, bytes, { metadata: { sha256: sha256Of(bytes) }, only: "absent" });
      if ((await get(id)) !== undefined) return true;
      await s3.delete([key]);
      return false;
    },
    ping: () => s3.ping(),
  };
}
