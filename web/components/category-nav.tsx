import { useQuery } from "@connectrpc/connect-query";
import { Link } from "@tanstack/react-router";
import { StorefrontService } from "#gen/shop/api/v1/storefront_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { Skeleton } from "./skeleton.tsx";
import "./category-nav.css";

const CATEGORIES_FRESH_MS = 10 * 60_000;
/** How often they are asked for again while they cannot be had. */
const AWAY_PAUSE_MS = 10_000;
const SKELETONS = ["5.5rem", "4rem", "6.5rem", "5rem", "4.5rem", "6rem", "5rem"];

/** All categories; they change so seldom that every page shares one answer. */
export function useCategories() {
  const { data, isPending } = useQuery(
    ProductService.method.listCategories,
    {},
    {
      staleTime: CATEGORIES_FRESH_MS,
      refetchInterval: ({ state }) => (state.status === "error" ? AWAY_PAUSE_MS : false),
    },
  );
  // While the catalogue is away the home page still tells what it knew.
  const home = useQuery(StorefrontService.method.getHome, {}, { enabled: false });
  const known = data ?? (home.data && home.data.categories.length > 0 ? home.data : undefined);
  return { data: known, isPending: known === undefined && isPending };
}

/** The shelves of the shop, under the header. It keeps its height while they load, or when they cannot. */
export function CategoryNav() {
  const { data, isPending } = useCategories();
  return (
    <nav className="category-nav" aria-label="Categories">
      <ul>
        <li>
          <Link to="/products" activeOptions={{ exact: true, includeSearch: true }}>
            Everything
          </Link>
        </li>
        {data?.categories.map(({ categoryId, name }) => (
          <li key={categoryId}>
            <Link to="/products" search={{ category: categoryId }} activeOptions={{ includeSearch: true }}>
              {name}
            </Link>
          </li>
        ))}
        {isPending &&
          SKELETONS.map((width, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the blocks are alike and never move
            <li key={index}>
              <Skeleton width={width} />
            </li>
          ))}
      </ul>
    </nav>
  );
}
