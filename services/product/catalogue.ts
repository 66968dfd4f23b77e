import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { alreadyExists, categoryNotFound, etagMismatch, productNotFound } from "./reasons.ts";
import { searchDocument, slugOf } from "./search.ts";
import type { CatalogueStore, Product, ProductContent } from "./store.ts";

const ID_ATTEMPTS_MAX = 20;
const UPDATE_ATTEMPTS_MAX = 5;

const newEtag = () => randomBytes(9).toString("base64url");

function contentOf({ name, description, categoryId, price, pictures, attributes }: ProductContent): ProductContent {
  return { name, description, categoryId, price, pictures, attributes };
}

/** What administrators do to the catalogue. */
export function createCatalogue(store: CatalogueStore) {
  const wordsOf = async (content: ProductContent) => {
    const category = await store.findCategory(content.categoryId);
    if (category === undefined) throw categoryNotFound(content.categoryId);
    return searchDocument(content, category.name);
  };
  return {
    /**
     * Adds a product; without an id it gets a free one made from its name.
     * @throws Failure CATEGORY_NOT_FOUND, ALREADY_EXISTS
     */
    async create(content: ProductContent, stock: number, productId: string): Promise<Product> {
      const search = await wordsOf(content);
      const insert = (id: string) => store.insert({ ...content, productId: id, stock, etag: newEtag() }, search);
      if (productId !== "") {
        const product = await insert(productId);
        if (product === undefined) throw alreadyExists("product_id", productId);
        return product;
      }
      const slug = slugOf(content.name);
      for (let attempt = 1; attempt <= ID_ATTEMPTS_MAX; attempt++) {
        const product = await insert(attempt === 1 ? slug : `${slug}-${attempt}`);
        if (product !== undefined) return product;
      }
      throw alreadyExists("product_id", slug);
    },

    /**
     * Changes what `changes` says. What is so already is left as it is, so that the same update may be sent twice.
     * @throws Failure PRODUCT_NOT_FOUND, CATEGORY_NOT_FOUND, ETAG_MISMATCH
     */
    async update(productId: string, changes: Partial<ProductContent>, etag: string): Promise<Product> {
      for (let attempt = 1; attempt <= UPDATE_ATTEMPTS_MAX; attempt++) {
        const [current] = await store.find([productId]);
        if (current === undefined) throw productNotFound(productId);
        const content = { ...contentOf(current), ...changes };
        if (isDeepStrictEqual(content, contentOf(current))) return current;
        if (etag !== "" && etag !== current.etag) throw etagMismatch();
        const product = await store.replace(
          productId,
          { ...content, etag: newEtag() },
          await wordsOf(content),
          current.etag,
        );
        if (product !== undefined) return product;
      }
      throw etagMismatch();
    },

    /** Takes a product out of the catalogue. @throws Failure PRODUCT_NOT_FOUND if there never was one, ETAG_MISMATCH */
    async remove(productId: string, etag: string): Promise<void> {
      const result = await store.remove(productId, etag === "" ? undefined : etag);
      if (result === "not found") throw productNotFound(productId);
      if (result === "etag mismatch") throw etagMismatch();
    },
  };
}

export type Catalogue = ReturnType<typeof createCatalogue>;
