import type { Filter } from "mongodb";
import { type MetTerm, scoreOf, slipsOfTerm, termsFilter } from "./search.mongo.ts";
import type { SearchTerms } from "./search.ts";
import { ANYWHERE, type Collections } from "./store.mongo.collections.ts";
import { PRODUCT_FIELDS, type ProductDocument, type ProductRecord, toProduct } from "./store.mongo.documents.ts";
import { listIndex, SEARCH_INDEX, SORTS } from "./store.mongo.indexes.ts";
import type { Listed, ListQuery, Place, ProductFilter } from "./store.ts";

/** A page of a list as the database is asked for it, and the count of all that match. */
export interface ListPlan {
  readonly filter: Filter<ProductDocument>;
  /** The same, behind the place where the page begins. */
  readonly pageFilter: Filter<ProductDocument>;
  readonly sort: { readonly field: string; readonly direction: 1 | -1 };
  /** What "score" is, where that is sorted by. */
  readonly score?: object;
  /** The indexes that the page and the count are read by. */
  readonly pageIndex: string;
  readonly countIndex: string;
}

/** Words that a mistyped term may mean; with more than these it is too vague. */
const NEAR_WORDS_MAX = 100;
const NOTHING: Listed = { items: [], totalSize: 0 };

/** The terms with the words of the shop that each may be a slip of. */
export async function meet({ words, read }: Collections, { terms, allowTypos }: SearchTerms): Promise<MetTerm[]> {
  if (!allowTypos) return terms.map((term) => ({ term, near: [] }));
  const wordsNear = async (term: string) => {
    const near = { near: { $in: slipsOfTerm(term) } };
    const found = await read(() =>
      words.find(near, { ...ANYWHERE, projection: { _id: 1 }, limit: NEAR_WORDS_MAX, hint: "near" }).toArray(),
    );
    return { term, near: found.map((it) => it._id) };
  };
  return Promise.all(terms.map(wordsNear));
}

function conditions(filter: ProductFilter, terms: readonly MetTerm[] | undefined): Filter<ProductDocument> {
  const { categoryId, minPrice, maxPrice, inStockOnly } = filter;
  const price = {
    ...(minPrice !== undefined && { $gte: minPrice }),
    ...(maxPrice !== undefined && { $lte: maxPrice }),
  };
  return {
    deleted: false,
    ...(categoryId !== undefined && { categoryId }),
    ...(Object.keys(price).length > 0 && { price }),
    ...(inStockOnly && { inStock: true }),
    ...(terms !== undefined && termsFilter(terms)),
  } as Filter<ProductDocument>;
}

/** Products behind a place: a range that an index can begin at, less those of the same key that came before. */
function behind(field: string, direction: 1 | -1, { key, productId }: Place): Filter<ProductDocument> {
  const value = field === "createTime" ? new Date(key) : key;
  const [further, from] = direction === 1 ? (["$gt", "$gte"] as const) : (["$lt", "$lte"] as const);
  const range = {
    [field]: { [from]: value },
    $or: [{ [field]: { [further]: value } }, { _id: { [further]: productId } }],
  };
  return range as Filter<ProductDocument>;
}

/** How a list is read. */
export function planOf({ filter, order, after }: ListQuery, terms: readonly MetTerm[] | undefined): ListPlan {
  const where = conditions(filter, terms);
  const isOfCategory = filter.categoryId !== undefined;
  if (order === "relevance") {
    const sort = { field: "score", direction: -1 } as const;
    const pageFilter = after === undefined ? {} : behind(sort.field, sort.direction, after);
    const byWords = { pageIndex: SEARCH_INDEX, countIndex: SEARCH_INDEX };
    return { filter: where, pageFilter, sort, score: scoreOf(terms ?? []), ...byWords };
  }
  const sort = SORTS[order];
  const pageFilter = after === undefined ? where : { $and: [where, behind(sort.field, sort.direction, after)] };
  const byTerms = terms !== undefined;
  return {
    filter: where,
    pageFilter,
    sort,
    pageIndex: byTerms ? SEARCH_INDEX : listIndex(sort.field, isOfCategory),
    countIndex: byTerms ? SEARCH_INDEX : listIndex("price", isOfCategory),
  };
}

/** The page as a cursor, with what it is sorted by as `key`. */
export function pageCursor({ products }: Collections, plan: ListPlan, limit: number) {
  const { field, direction } = plan.sort;
  const sort = { [field]: direction, _id: direction };
  if (plan.score === undefined) {
    const projection = { ...PRODUCT_FIELDS, key: `$${field}` };
    const options = { ...ANYWHERE, sort, limit, projection, hint: plan.pageIndex };
    return products.find(plan.pageFilter, options).project<ProductRecord & { key: unknown }>(projection);
  }
  return products.aggregate<ProductRecord & { key: unknown }>(
    [
      { $match: plan.filter },
      { $set: { score: plan.score } },
      { $match: plan.pageFilter },
      { $sort: sort },
      { $limit: limit },
      { $project: { ...PRODUCT_FIELDS, key: "$score" } },
    ],
    { ...ANYWHERE, hint: plan.pageIndex },
  );
}

/** A page of products and the number of all that match. */
export async function listProducts(collections: Collections, query: ListQuery): Promise<Listed> {
  const { products, read } = collections;
  const { terms: asked } = query.filter;
  if (asked?.terms.length === 0) return NOTHING;
  const terms = asked && (await meet(collections, asked));
  const plan = planOf(query, terms);
  const [page, totalSize] = await Promise.all([
    read(() => pageCursor(collections, plan, query.limit).toArray()),
    read(() => products.countDocuments(plan.filter, { ...ANYWHERE, hint: plan.countIndex })),
  ]);
  const items = page.map((it) => {
    const key = it.key instanceof Date ? it.key.getTime() : (it.key as number | string);
    return { product: toProduct(it), place: { key, productId: it._id } };
  });
  return { items, totalSize };
}
