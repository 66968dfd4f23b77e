import { Readable } from "node:stream";
import type { Database } from "#kit/postgres/database.ts";
import type { ImageInfo } from "./image.ts";
import type { ImageStore } from "./store.ts";

/** What is read of a file with one statement: whoever reads slowly keeps no more than this in memory, and no connection. */
const PIECE_BYTES = 256 * 1024;

const INFO = "image_id, content_type, size_bytes, width, height, placeholder, alt, create_time";

interface Row {
  image_id: string;
  content_type: string;
  size_bytes: number;
  width: number;
  height: number;
  placeholder: Buffer;
  alt: string;
  create_time: Date;
}

function toInfo(row: Row): ImageInfo {
  return {
    id: row.image_id,
    contentType: row.content_type,
    sizeBytes: row.size_bytes,
    width: row.width,
    height: row.height,
    placeholder: row.placeholder,
    alt: row.alt,
    createTimeMs: row.create_time.getTime(),
  };
}

const PUT = `INSERT INTO images (${INFO}, original) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`;

const LIST = `
  SELECT ${INFO} FROM images
  WHERE $2::timestamptz IS NULL OR create_time < $2 OR (create_time = $2 AND image_id > $3)
  ORDER BY create_time DESC, image_id LIMIT $1`;

// The picture's row is locked against being deleted meanwhile. A file that is there stays: somebody may be reading it.
const PUT_VARIANT = `
  WITH picture AS (
    SELECT image_id FROM images WHERE image_id = $1 FOR KEY SHARE
  ), added AS (
    INSERT INTO variants (image_id, name, content) SELECT image_id, $2, $3 FROM picture ON CONFLICT DO NOTHING
  )
  SELECT FROM picture`;

const READ = "SELECT substring(content FROM $3 FOR $4) AS piece FROM variants WHERE image_id = $1 AND name = $2";

/** The bytes of a file from `start` to `end`, both included, piece by piece as they are wanted. */
async function* piecesOf(database: Database, id: string, name: string, start: number, end: number) {
  for (let at = start; at <= end; at += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, end - at + 1);
    // SQL counts from 1.
    const { rows } = await database.query<{ piece: Buffer }>(READ, [id, name, at + 1, length]);
    const piece = rows[0]?.piece;
    if (piece?.length !== length) throw new Error(`${name} of ${id} was deleted while it was read`);
    yield piece;
  }
}

/** Pictures in PostgreSQL, for any number of replicas without a disk that they share. */
export function createPostgresStore(database: Database): ImageStore {
  const get = async (id: string): Promise<ImageInfo | undefined> => {
    const { rows } = await database.query<Row>(`SELECT ${INFO} FROM images WHERE image_id = $1`, [id]);
    return rows[0] && toInfo(rows[0]);
  };
  return {
    get,
    async put(info, original) {
      const { id, contentType, sizeBytes, width, height, placeholder, alt, createTimeMs } = info;
      const values = [id, contentType, sizeBytes, width, height, placeholder, alt, new Date(createTimeMs), original];
      const { rowCount } = await database.query(PUT, values);
      return rowCount === 1 ? info : ((await get(id)) ?? info);
    },
    async original(id) {
      const query = "SELECT original FROM images WHERE image_id = $1";
      return (await database.query<{ original: Buffer }>(query, [id])).rows[0]?.original;
    },
    async list(limit, after) {
      const place = after === undefined ? [null, null] : [new Date(after.createTimeMs), after.id];
      return (await database.query<Row>(LIST, [limit, ...place])).rows.map(toInfo);
    },
    async setAlt(id, alt) {
      await database.query("UPDATE images SET alt = $2 WHERE image_id = $1", [id, alt]);
    },
    async delete(id) {
      await database.query("DELETE FROM images WHERE image_id = $1", [id]);
    },
    async variant(id, name) {
      const query = "SELECT octet_length(content) AS size FROM variants WHERE image_id = $1 AND name = $2";
      const [found] = (await database.query<{ size: number }>(query, [id, name])).rows;
      if (found === undefined) return undefined;
      // One piece at a time: the next is fetched when this one has been taken.
      const read = (start: number, end: number) =>
        Readable.from(piecesOf(database, id, name, start, end), { objectMode: false, highWaterMark: 1 });
      return { sizeBytes: found.size, read };
    },
    async putVariant(id, name, bytes) {
      return (await database.query(PUT_VARIANT, [id, name, bytes])).rowCount === 1;
    },
    ping: () => database.ping(),
  };
}
