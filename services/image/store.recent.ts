import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { ImageStore, StoredFile } from "./store.ts";

/** What is kept in memory of files that were asked for lately. */
export interface RecentOptions {
  /** Bytes of all files together. */
  readonly maxBytes?: number;
  /** Milliseconds after which the store is asked whether a file is still there. */
  readonly freshMs?: number;
  /** Milliseconds for which a file is handed out when the store cannot say. */
  readonly staleMs?: number;
  readonly nowMs?: () => number;
}

/** A file in memory. */
interface Recent {
  readonly bytes: Buffer;
  /** When the store knew it last. */
  seenMs: number;
}

const MAX_BYTES = 32 * 1024 * 1024;
/** Larger ones are few, and would push out many. */
const FILE_MAX_BYTES = 256 * 1024;
/** So long another replica may hand out a picture that was deleted. */
const FRESH_MS = 10_000;
const STALE_MS = 15 * 60_000;

function fileOf({ bytes }: Recent): StoredFile {
  return {
    sizeBytes: bytes.length,
    read: (start, end) => Readable.from([bytes.subarray(start, end + 1)], { objectMode: false }),
  };
}

/** Files by their keys, those that were used last at the end; the others make room. */
function createShelf(maxBytes: number) {
  const files = new Map<string, Recent>();
  let totalBytes = 0;
  const remove = (key: string) => {
    totalBytes -= files.get(key)?.bytes.length ?? 0;
    files.delete(key);
  };
  return {
    remove,
    use(key: string): Recent | undefined {
      const file = files.get(key);
      if (file === undefined) return undefined;
      files.delete(key);
      files.set(key, file);
      return file;
    },
    add(key: string, file: Recent) {
      remove(key);
      files.set(key, file);
      totalBytes += file.bytes.length;
      for (const [oldest] of files) {
        if (totalBytes <= maxBytes) break;
        remove(oldest);
      }
    },
    removeBelow(prefix: string) {
      for (const key of files.keys()) if (key.startsWith(prefix)) remove(key);
    },
  };
}

/**
 * A store that has small files which were asked for lately in memory, for one that is far away. A file stands for its name
 * for ever, so that its size is enough to see that it is still the same.
 */
export function withRecentFiles(store: ImageStore, options: RecentOptions = {}): ImageStore {
  const { maxBytes = MAX_BYTES, freshMs = FRESH_MS, staleMs = STALE_MS, nowMs = Date.now } = options;
  const shelf = createShelf(maxBytes);
  const find = async (key: string, id: string, name: string): Promise<StoredFile | undefined> => {
    const known = shelf.use(key);
    const file = await store.variant(id, name);
    if (file === undefined) shelf.remove(key);
    else if (known?.bytes.length === file.sizeBytes) known.seenMs = nowMs();
    else if (file.sizeBytes <= FILE_MAX_BYTES && file.sizeBytes > 0) {
      const recent = { bytes: await buffer(file.read(0, file.sizeBytes - 1)), seenMs: nowMs() };
      shelf.add(key, recent);
      return fileOf(recent);
    }
    return file && known ? fileOf(known) : file;
  };
  return {
    ...store,
    async variant(id, name) {
      const key = `${id}/${name}`;
      const recent = shelf.use(key);
      const ageMs = recent === undefined ? Number.POSITIVE_INFINITY : nowMs() - recent.seenMs;
      if (recent !== undefined && ageMs < freshMs) return fileOf(recent);
      try {
        return await find(key, id, name);
      } catch (error) {
        if (recent === undefined || ageMs > staleMs) throw error;
        return fileOf(recent);
      }
    },
    async delete(id) {
      await store.delete(id);
      // Not before: somebody may have asked for it meanwhile.
      shelf.removeBelow(`${id}/`);
    },
  };
}
