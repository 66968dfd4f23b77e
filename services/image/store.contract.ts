import { text } from "node:stream/consumers";
import { beforeEach, describe, expect, it } from "vitest";
import type { ImageInfo } from "./image.ts";
import type { ImageStore } from "./store.ts";

const idOf = (n: number) => n.toString(16).padStart(32, "0");

function infoOf(n: number, init: Partial<ImageInfo> = {}): ImageInfo {
  return {
    id: idOf(n),
    contentType: "image/png",
    sizeBytes: 3,
    width: 800,
    height: 600,
    placeholder: Buffer.from([0, 255, n]),
    alt: `Picture “${n}”`,
    createTimeMs: 1_700_000_000_000 + n,
    ...init,
  };
}

/** What every store of pictures must do; `create` makes an empty one. */
export function imageStoreContract(create: () => Promise<ImageStore>): void {
  describe("a store of pictures", () => {
    let store: ImageStore;
    beforeEach(async () => {
      store = await create();
    });
    const put = (info: ImageInfo) => store.put(info, Buffer.from(info.alt));
    const listed = async (limit: number, after?: number) =>
      (await store.list(limit, after === undefined ? undefined : infoOf(after))).map((it) => it.id);

    it("gives back what it keeps, and nothing of what it does not", async () => {
      expect(await put(infoOf(1))).toEqual(infoOf(1));
      expect(await store.get(idOf(1))).toEqual(infoOf(1));
      expect(Buffer.from((await store.original(idOf(1))) ?? []).toString()).toBe(infoOf(1).alt);
      expect([
        await store.get(idOf(2)),
        await store.original(idOf(2)),
        await store.variant(idOf(1), "160.webp"),
      ]).toEqual([undefined, undefined, undefined]);
      await store.ping();
    });

    it("keeps the first of two with one id, also when both come at once", async () => {
      const later = infoOf(1, { createTimeMs: 1_800_000_000_000 });
      const [a, b] = await Promise.all([put(infoOf(1)), put(later)]);
      expect(a).toEqual(b);
      expect(await put(infoOf(1, { alt: "again", createTimeMs: 1_900_000_000_000 }))).toEqual(a);
      expect(await store.list(10)).toEqual([a]);
    });

    it("lists the newest first, page by page, whatever is added or deleted meanwhile", async () => {
      for (const n of [3, 1, 4, 2, 5]) await put(infoOf(n));
      expect(await listed(2)).toEqual([5, 4].map(idOf));
      await store.delete(idOf(4));
      await put(infoOf(6));
      expect(await listed(2, 4)).toEqual([3, 2].map(idOf));
      expect(await listed(2, 2)).toEqual([1].map(idOf));
      expect(await listed(10)).toEqual([6, 5, 3, 2, 1].map(idOf));
    });

    it("tells images of the same millisecond apart", async () => {
      for (const n of [2, 3, 1]) await put(infoOf(n, { createTimeMs: 5 }));
      const all = await store.list(10);
      expect(all.map((it) => it.id)).toEqual([1, 2, 3].map(idOf));
      expect(await store.list(10, all[1])).toEqual(all.slice(2));
    });

    it("replaces the words alone", async () => {
      await put(infoOf(1));
      await store.setAlt(idOf(1), "A red chair");
      await store.setAlt(idOf(2), "nothing");
      expect(await store.list(10)).toEqual([infoOf(1, { alt: "A red chair" })]);
    });

    it("keeps files made from a picture and reads parts of them", async () => {
      await put(infoOf(1));
      expect(await store.putVariant(idOf(1), "160.webp", Buffer.from("0123456789"))).toBe(true);
      const file = await store.variant(idOf(1), "160.webp");
      expect(file?.sizeBytes).toBe(10);
      expect(file && (await text(file.read(0, 9)))).toBe("0123456789");
      expect(file && (await text(file.read(3, 5)))).toBe("345");
    });

    it("forgets a picture with its files, so that it can come again; a second time changes nothing", async () => {
      await put(infoOf(1));
      await store.putVariant(idOf(1), "160.webp", Buffer.from("x"));
      await store.delete(idOf(1));
      await store.delete(idOf(1));
      expect(await store.putVariant(idOf(1), "320.webp", Buffer.from("too late"))).toBe(false);
      await put(infoOf(1, { createTimeMs: 7 }));
      expect(await store.list(10)).toEqual([infoOf(1, { createTimeMs: 7 })]);
      expect([await store.variant(idOf(1), "160.webp"), await store.variant(idOf(1), "320.webp")]).toEqual([
        undefined,
        undefined,
      ]);
    });
  });
}
