import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { listPage } from "./listing.ts";
import { searchTerms } from "./search.ts";
import { addProduct, type StoreUnderTest } from "./store.contract.ts";

type Text = readonly [name: string, description?: string, attribute?: string];
const SHELF: readonly Text[] = [
  ["Walnut desk lamp", "Warm light for late letters.", "Brass"],
  ["Floor lamp", "Stands beside a chair; its foot is of walnut."],
  ["Cutting board", "For bread and cheese.", "Walnut"],
  ["Crème brûlée dish", "Four of them."],
  ["Lampshade", "Linen."],
  ["Cable box", "Keeps wires out of sight."],
  ["Cableway", "A toy."],
  ["Dining table", "Seats six."],
  ["Bread knife", "Long teeth."],
  ["Chef's apron", "Cotton twill."],
  ["Straßenkarte", "A map."],
];

// What is asked for and what is found, best match first.
const QUERIES: readonly [query: string, names: readonly string[]][] = [
  ["walnut lamp", ["Walnut desk lamp", "Floor lamp"]],
  ["CABLE", ["Cable box", "Cableway"]],
  ["walnut", ["Walnut desk lamp", "Cutting board", "Floor lamp"]],
  ["waln des", ["Walnut desk lamp"]],
  ["walnt lamp", ["Walnut desk lamp", "Floor lamp"]],
  ["wlanut desk", ["Walnut desk lamp"]],
  ["walnutt desk lmap", ["Walnut desk lamp"]],
  ["creme brulee", ["Crème brûlée dish"]],
  ["CRÈME", ["Crème brûlée dish"]],
  ["cremme", ["Crème brûlée dish"]],
  ["table", ["Dining table"]],
  ["tabel", ["Dining table"]],
  ["tables", ["Dining table"]],
  ["ceese", ["Cutting board"]],
  ["chiars", ["Floor lamp"]],
  ["knives", ["Bread knife"]],
  ["dishes", ["Crème brûlée dish"]],
  ["chefs apron", ["Chef's apron"]],
  ["strassenkarte", ["Straßenkarte"]],
  ["a lamp for the desk", ["Walnut desk lamp"]],
  ["walnut apron", []],
  ["lamp zebra", []],
  ["!!!", []],
];

/** What searching in every adapter finds. */
export function searchContract(get: () => StoreUnderTest): void {
  const categoryId = randomUUID();
  const search = async (query: string) => {
    const filter = { categoryId, inStockOnly: false };
    const { products } = await listPage(get().store, {
      query,
      filter,
      order: "relevance",
      pageSize: 50,
      pageToken: "",
    });
    return products.map((it) => it.name);
  };

  describe("of a shelf", () => {
    beforeAll(async () => {
      for (const [name, description = "", value] of SHELF) {
        const attributes = value === undefined ? [] : [{ name: "Material", value }];
        await addProduct(get().store, 1, { categoryId, name, description, attributes });
      }
    });

    it.each(QUERIES)("%j finds %j", async (query, names) => {
      expect(await search(query)).toEqual(names);
    });

    it("takes a query of spaces for none", async () => {
      expect(await search("  ")).toHaveLength(SHELF.length);
    });
  });

  it("takes whatever characters a query and a product have", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 100 }),
      fc.string({ unit: fc.constantFrom(..."'\"\\:*&|!()<>-~%_ aé𝒜ß\u0301\u0000"), maxLength: 100 }),
    );
    const ask = async (query: string, allowTypos: boolean) => {
      const filter = { terms: searchTerms(query, allowTypos), inStockOnly: false };
      const { totalSize } = await get().store.list({ filter, order: "relevance", limit: 1 });
      expect(totalSize).toBeGreaterThanOrEqual(0);
    };
    await fc.assert(fc.asyncProperty(text, fc.boolean(), ask), { numRuns: 150 });
    const keep = async (name: string) => {
      const clean = name.replaceAll("\0", "");
      expect((await addProduct(get().store, 1, { name: clean })).name).toBe(clean.toWellFormed());
    };
    await fc.assert(fc.asyncProperty(text, keep), { numRuns: 50 });
  });
}
