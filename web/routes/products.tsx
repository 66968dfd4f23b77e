import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { SearchX, SlidersHorizontal } from "lucide-react";
import { useState } from "react";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { useCategories } from "../components/category-nav.tsx";
import { Filters, useRefine, useWide } from "../components/filters.tsx";
import { Pager } from "../components/pager.tsx";
import { ProductGrid } from "../components/product-card.tsx";
import { Skeleton } from "../components/skeleton.tsx";
import { Empty, Failure } from "../components/states.tsx";
import type { RouterContext } from "../lib/page-data.ts";
import { type CatalogueSearch, listRequest, ORDERS, type OrderName } from "../lib/search-params.ts";
import { useTitle } from "../lib/title.ts";
import "./products.css";

const { listProducts } = ProductService.method;
const route = getRouteApi("/products");
const EXPECTED = 12;
const EAGER = 4;

export const load = ({ context, deps }: { context: RouterContext; deps: CatalogueSearch }) =>
  context.prefetch(listProducts, listRequest(deps));

/** The catalogue. What it shows is all in the address. */
export function View() {
  const search = route.useSearch();
  const heading = useHeading(search);
  useTitle(heading);
  const wide = useWide("(width >= 60rem)");
  const list = useQuery(listProducts, listRequest(search), { placeholderData: keepPreviousData });
  const count = list.data?.totalSize;
  return (
    <div className="page catalogue">
      <header className="page-head">
        <h1>{heading}</h1>
        <p className="soft" role="status">
          {count !== undefined && `${count} ${count === 1 ? "product" : "products"}`}
          {list.isPending && <Skeleton width="7rem" height="1.6em" />}
          {list.isError && !list.data && "\u00a0"}
        </p>
      </header>
      {wide ? (
        <aside className="catalogue-side" aria-label="Filters">
          <Filters search={search} />
        </aside>
      ) : (
        <details className="catalogue-fold">
          <summary>
            <SlidersHorizontal aria-hidden size={18} /> Filters
          </summary>
          <Filters search={search} />
        </details>
      )}
      <OrderChoice key={search.order} search={search} />
      <section className="catalogue-list" aria-label="Products" data-stale={list.isPlaceholderData}>
        {list.error && !list.data ? (
          <Failure error={list.error} onRetry={() => void list.refetch()} />
        ) : count === 0 ? (
          <Nothing search={search} />
        ) : (
          <>
            <ProductGrid products={list.data?.products} expected={EXPECTED} eager={EAGER} />
            {list.data && <Pager to="/products" search={search} nextToken={list.data.nextPageToken} />}
          </>
        )}
      </section>
    </div>
  );
}

/** Whether the address names a category that the shop does not have. */
function useIsUnknownCategory({ category }: CatalogueSearch): boolean {
  const { data } = useCategories();
  return data !== undefined && category !== undefined && data.categories.every((it) => it.categoryId !== category);
}

function useHeading(search: CatalogueSearch): string {
  const { q, category } = search;
  const { data } = useCategories();
  const isUnknown = useIsUnknownCategory(search);
  if (isUnknown) return "No such category";
  const shelf = category && data?.categories.find(({ categoryId }) => categoryId === category)?.name;
  if (q) return shelf ? `“${q}” in ${shelf}` : `“${q}”`;
  return shelf || "Everything";
}

function OrderChoice({ search }: { readonly search: CatalogueSearch }) {
  const refine = useRefine();
  const [order, setOrder] = useState<string>(search.order ?? "");
  const usual = search.q ? "Best match" : ORDERS.popular.label;
  return (
    <label className="catalogue-order">
      <span className="soft">Sort by</span>
      <select
        value={order}
        onChange={(event) => {
          setOrder(event.target.value);
          refine({ order: (event.target.value || undefined) as OrderName | undefined });
        }}
      >
        <option value="">{usual}</option>
        {Object.entries(ORDERS)
          .filter(([name]) => search.q || name !== "popular" || search.order === "popular")
          .map(([name, { label }]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
      </select>
    </label>
  );
}

function Nothing({ search }: { readonly search: CatalogueSearch }) {
  const refine = useRefine();
  if (useIsUnknownCategory(search)) {
    return (
      <Empty icon={SearchX} title={`There is no category “${search.category}”`}>
        <p className="soft">It may have had another name. Everything else is still here.</p>
        <Link to="/products" search={{ ...search, category: undefined, page: undefined }} className="button">
          {search.q ? `Search everything for “${search.q}”` : "See everything"}
        </Link>
      </Empty>
    );
  }
  return (
    <Empty icon={SearchX} title="Nothing matches">
      <p className="soft">{search.q ? "Try another word, or fewer filters." : "Try fewer filters."}</p>
      <button
        type="button"
        className="button"
        data-look="quiet"
        onClick={() => refine({ q: undefined, category: undefined, min: undefined, max: undefined, stock: undefined })}
      >
        Show everything
      </button>
    </Empty>
  );
}
