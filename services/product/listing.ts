import { decodePageToken, encodePageToken, type PageEnd } from "./page-token.ts";
import { searchTerms } from "./search.ts";
import type { CatalogueStore, Order, Product, ProductFilter } from "./store.ts";

/** A list as somebody wants to see it. */
export interface ListRequest {
  readonly query: string;
  readonly filter: Omit<ProductFilter, "terms">;
  readonly order: Order;
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface Page {
  readonly products: readonly Product[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
  readonly totalSize: number;
}

/**
 * Lists products page by page. Typing errors are forgiven only where nothing matches to the letter, so that "table" does
 * not find cables; later pages go on as the first one began.
 * @throws Failure PAGE_TOKEN_INVALID
 */
export async function listPage(store: CatalogueStore, request: ListRequest): Promise<Page> {
  const query = request.query.trim();
  const { order, pageSize, pageToken } = request;
  const scope = [query, request.filter, order];
  const end: PageEnd | undefined = pageToken === "" ? undefined : decodePageToken(scope, order, pageToken);
  const list = (allowTypos: boolean) =>
    store.list({
      filter: { ...request.filter, ...(query !== "" && { terms: searchTerms(query, allowTypos) }) },
      order,
      limit: pageSize + 1,
      ...(end && { after: end }),
    });
  let allowTypos = end?.allowTypos ?? false;
  let listed = await list(allowTypos);
  if (listed.totalSize === 0 && query !== "" && end === undefined) {
    allowTypos = true;
    listed = await list(allowTypos);
  }
  const items = listed.items.slice(0, pageSize);
  const last = items.at(-1);
  const more = listed.items.length > pageSize && last !== undefined;
  return {
    products: items.map((it) => it.product),
    nextPageToken: more ? encodePageToken(scope, { ...last.place, allowTypos }) : "",
    totalSize: listed.totalSize,
  };
}
