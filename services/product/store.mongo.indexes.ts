import type { Order } from "./store.ts";

/** What lists that know no relevance are sorted by. Ids break ties, in the same direction. */
export const SORTS = {
  popular: { field: "popularity", direction: -1 },
  newest: { field: "createTime", direction: -1 },
  price_ascending: { field: "price", direction: 1 },
  price_descending: { field: "price", direction: -1 },
  name: { field: "nameKey", direction: 1 },
} as const satisfies Record<Exclude<Order, "relevance">, { field: string; direction: 1 | -1 }>;

/** What one piece sold counts for in the popularity; the rest is chance. */
export const POPULARITY_STEP = 2 ** 20;

type SortField = (typeof SORTS)[keyof typeof SORTS]["field"];

/** The index that serves a list: of the whole shop or of one category, by what it is sorted. */
export const listIndex = (field: SortField, isOfCategory: boolean) =>
  isOfCategory ? `category_${field}` : `all_${field}`;

export const SEARCH_INDEX = "search_words";

// An index of two directions is read from either end, so "cheapest" and "dearest first" have one.
const DIRECTIONS: Readonly<Record<SortField, 1 | -1>> = { popularity: -1, createTime: -1, price: 1, nameKey: 1 };

/**
 * Every list is read in the order of an index: first what is asked for to the letter, then what is sorted by, then what is
 * filtered by without reading the product.
 */
export function listIndexes() {
  const fields = Object.entries(DIRECTIONS) as [SortField, 1 | -1][];
  return fields.flatMap(([field, direction]) =>
    [false, true].map((isOfCategory) => ({
      name: listIndex(field, isOfCategory),
      key: {
        deleted: 1 as const,
        ...(isOfCategory && { categoryId: 1 as const }),
        [field]: direction,
        _id: direction,
        ...(field !== "price" && { price: 1 as const }),
        inStock: 1 as const,
      },
    })),
  );
}
