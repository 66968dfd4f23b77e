import type { MessageInitShape } from "@bufbuild/protobuf";
import { type ListProductsRequestSchema, ProductOrder } from "#gen/shop/product/v1/product_service_pb.js";
import { fractionDigits } from "./money.ts";

/** The currency that prices in the address are in. */
const CURRENCY = "EUR";
const PAGE_SIZE = 24;
const MAX_QUERY_LENGTH = 100;
const MAX_PAGE_TOKEN_LENGTH = 1000;
const MAX_PRICE = 1_000_000;
const CATEGORY_PATTERN = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** How the order of the catalogue is called in the address. */
export const ORDERS = {
  popular: { order: ProductOrder.POPULAR, label: "Most popular" },
  newest: { order: ProductOrder.NEWEST, label: "Newest" },
  "price-up": { order: ProductOrder.PRICE_ASCENDING, label: "Price, low to high" },
  "price-down": { order: ProductOrder.PRICE_DESCENDING, label: "Price, high to low" },
  name: { order: ProductOrder.NAME, label: "Name" },
} as const;
export type OrderName = keyof typeof ORDERS;

/** What the catalogue shows, as it stands in the address. Whatever is not there is not filtered by. */
export interface CatalogueSearch {
  q?: string | undefined;
  category?: string | undefined;
  /** Lowest price in whole units of the currency. */
  min?: number | undefined;
  /** Highest price in whole units of the currency. */
  max?: number | undefined;
  /** Only what can be bought now. */
  stock?: 1 | undefined;
  order?: OrderName | undefined;
  /** Token of the page; none is the first. */
  page?: string | undefined;
}

/** The catalogue's search out of an address that anybody may have typed: what makes no sense is left out. */
export function catalogueSearch(raw: Record<string, unknown>): CatalogueSearch {
  const search: CatalogueSearch = {};
  const q = text(raw.q).slice(0, MAX_QUERY_LENGTH);
  if (q.trim() !== "") search.q = q;
  const category = text(raw.category);
  if (CATEGORY_PATTERN.test(category)) search.category = category;
  const [min, max] = [price(raw.min), price(raw.max)];
  if (min !== undefined && min > 0) search.min = min;
  if (max !== undefined && max >= (min ?? 0) && max > 0) search.max = max;
  if (text(raw.stock) === "1") search.stock = 1;
  const order = text(raw.order);
  if (Object.hasOwn(ORDERS, order)) search.order = order as OrderName;
  const page = text(raw.page);
  if (page !== "" && page.length <= MAX_PAGE_TOKEN_LENGTH) search.page = page;
  return search;
}

/** The call that answers a search. */
export function listRequest(search: CatalogueSearch): MessageInitShape<typeof ListProductsRequestSchema> {
  const minorUnitsOf = (amount: number | undefined) => BigInt(amount ?? 0) * 10n ** BigInt(fractionDigits(CURRENCY));
  return {
    pageSize: PAGE_SIZE,
    pageToken: search.page ?? "",
    query: search.q?.trim() ?? "",
    categoryId: search.category ?? "",
    minPriceMinorUnits: minorUnitsOf(search.min),
    maxPriceMinorUnits: minorUnitsOf(search.max),
    inStockOnly: search.stock === 1,
    orderBy: search.order ? ORDERS[search.order].order : ProductOrder.UNSPECIFIED,
  };
}

/** Search parameters as plain text, without the quotes that JSON would put around words that look like numbers. */
export function parseSearch(address: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(address));
}

/** The reverse of {@link parseSearch}. */
export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== undefined && value !== "") params.set(name, String(value));
  }
  const address = params.toString();
  return address === "" ? "" : `?${address}`;
}

/** Where to go after signing in: a path of this shop, never another site. */
export function safeRedirect(raw: unknown): string | undefined {
  const path = text(raw);
  // Browsers read "//host" and "/\host" as another site, and drop control characters on the way.
  if (!/^\/(?![/\\])/.test(path) || /[\p{Cc}\\]/u.test(path)) return undefined;
  return path;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

function price(value: unknown): number | undefined {
  const written = text(value);
  if (!/^\d{1,7}$/.test(written)) return undefined;
  return Math.min(Number(written), MAX_PRICE);
}
