import type { SearchDocument, SearchTerms } from "./search.ts";

/** An amount in minor units of its currency. */
export interface Money {
  readonly currencyCode: string;
  readonly minorUnits: number;
}

/** A picture at the image service; `placeholder` is base64. */
export interface Picture {
  readonly imageId: string;
  readonly width: number;
  readonly height: number;
  readonly placeholder: string;
  readonly alt: string;
}

export interface Attribute {
  readonly name: string;
  readonly value: string;
}

/** What administrators say about a product. */
export interface ProductContent {
  readonly name: string;
  readonly description: string;
  readonly categoryId: string;
  readonly price: Money;
  readonly pictures: readonly Picture[];
  readonly attributes: readonly Attribute[];
}

export interface Product extends ProductContent {
  readonly productId: string;
  readonly stock: number;
  readonly soldCount: number;
  readonly createTime: Date;
  readonly updateTime: Date;
  readonly etag: string;
}

export interface Category {
  readonly categoryId: string;
  readonly name: string;
  readonly description: string;
  readonly picture: Picture | undefined;
  readonly position: number;
}

export type Order = "relevance" | "popular" | "newest" | "price_ascending" | "price_descending" | "name";

/** Which products to list; unset means any. Prices are minor units. */
export interface ProductFilter {
  readonly terms?: SearchTerms;
  readonly categoryId?: string;
  readonly minPrice?: number;
  readonly maxPrice?: number;
  readonly inStockOnly: boolean;
}

/** A place in a list: what the list is sorted by (a time: milliseconds) and, among equals, the product's id. */
export interface Place {
  readonly key: number | string;
  readonly productId: string;
}

export interface ListQuery {
  readonly filter: ProductFilter;
  /** "relevance" needs terms. */
  readonly order: Order;
  readonly limit: number;
  /** Begin behind this place. */
  readonly after?: Place;
}

export interface Listed {
  readonly items: readonly { readonly product: Product; readonly place: Place }[];
  /** Products that match the filter, wherever they stand. */
  readonly totalSize: number;
}

/** Pieces of a product. */
export interface StockLine {
  readonly productId: string;
  readonly quantity: number;
}

/** Most pieces of a product that administrators can put on sale. */
export const STOCK_MAX = 1_000_000;

/** Pieces to add, or to take away; once for each request id (a UUID). */
export interface Adjustment {
  readonly requestId: string;
  readonly productId: string;
  readonly delta: number;
}

export interface ReservedLine extends StockLine {
  readonly name: string;
  readonly unitPrice: Money;
  readonly picture: Picture | undefined;
}

export interface Reservation {
  readonly orderId: string;
  readonly lines: readonly ReservedLine[];
  readonly expireTime: Date;
}

/** The categories and products of the shop. Deleted products are not found. */
export interface CatalogueStore {
  /** Stores a category; false if the id is taken. */
  insertCategory(category: Category): Promise<boolean>;
  findCategory(categoryId: string): Promise<Category | undefined>;
  /** All, by position and id, with the number of products in each. */
  listCategories(): Promise<(Category & { readonly productCount: number })[]>;
  /** Stores a product; undefined if the id is or was in use. Its category must exist. */
  insert(
    product: ProductContent & { productId: string; stock: number; etag: string },
    search: SearchDocument,
  ): Promise<Product | undefined>;
  /** Those that exist, in any order. */
  find(productIds: readonly string[]): Promise<Product[]>;
  /** Changes the content if the etag is still `ifEtag`; undefined if it is not, or the product is gone. */
  replace(
    productId: string,
    content: ProductContent & { etag: string },
    search: SearchDocument,
    ifEtag: string,
  ): Promise<Product | undefined>;
  /** Deletes a product, if its etag is still `ifEtag` where that is given. Deleting a deleted one is done at once. */
  remove(productId: string, ifEtag: string | undefined): Promise<"deleted" | "etag mismatch" | "not found">;
  list(query: ListQuery): Promise<Listed>;
}

/**
 * Pieces on sale, held and sold. At all times, for each product: stock + pieces held + pieces confirmed = pieces at the
 * start + adjustments, and none of them is negative. Each operation happens as a whole or not at all.
 */
export interface StockStore {
  /**
   * Adds pieces, or takes them away; once for each request id. Answers the pieces on sale.
   * @throws Failure PRODUCT_NOT_FOUND, OUT_OF_STOCK, or INVALID_INPUT if the request id was for something else.
   */
  adjust(adjustment: Adjustment): Promise<number>;
  /**
   * Holds all lines (each product once), or none. For an order that has a reservation it answers that, its hold begun anew; one that
   * ran out is made again at its prices.
   * @throws Failure PRODUCT_NOT_FOUND, OUT_OF_STOCK, RESERVATION_ENDED (released before)
   */
  reserve(orderId: string, lines: readonly StockLine[], holdMs: number): Promise<Reservation>;
  /** Sells what is held, even when the hold is over but not yet undone; false if nothing is held or sold. */
  confirm(orderId: string): Promise<boolean>;
  /** Puts held or sold pieces back on sale; the order can reserve nothing any more. Answers whether there were pieces. */
  release(orderId: string): Promise<boolean>;
  /** Puts the pieces of at most `limit` holds that are over back on sale; answers how many holds those were. */
  expire(limit: number): Promise<number>;
  /** Adds to the counts of pieces sold, or takes off; once for each event. False if the event was known. */
  countSales(eventId: string, lines: readonly StockLine[]): Promise<boolean>;
}

/** Pieces on sale, for those who look at them. */
export interface StockFeed {
  /** The pieces of those products that exist. */
  readStock(productIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * Calls back soon after products' pieces changed or products were deleted, by whichever replica; without ids when
   * changes may have been missed. Begins when it returns; answers how to end it.
   */
  onStockChange(onChange: (productIds: readonly string[] | undefined) => void): Promise<() => Promise<void>>;
}

/** What product keeps. */
export interface ProductStore extends CatalogueStore, StockStore, StockFeed {}
