import { useQuery } from "@connectrpc/connect-query";
import { Link } from "@tanstack/react-router";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { Skeleton } from "./skeleton.tsx";
import "./category-nav.css";

const CATEGORIES_FRESH_MS = 10 * 60_000;
const SKELETONS = ["5.5rem", "4rem", "6.5rem", "5rem", "4.5rem", "6rem", "5rem"];

/** All categories; they change so seldom that every page shares one answer. */
export function useCategories() {
  return useQuery(ProductService.method.listCategories, {}, { staleTime: CATEGORIES_FRESH_MS });
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
