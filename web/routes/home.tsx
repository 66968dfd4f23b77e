import { useQuery } from "@connectrpc/connect-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight, CreditCard, PackageCheck, Radio, Undo2 } from "lucide-react";
import { type GetHomeResponse, StorefrontService } from "#gen/shop/api/v1/storefront_service_pb.js";
import type { Category, Product } from "#gen/shop/product/v1/product_pb.js";
import { Hero } from "../components/hero.tsx";
import { Notice } from "../components/notice.tsx";
import { Picture } from "../components/picture.tsx";
import { ProductGrid } from "../components/product-card.tsx";
import { Skeleton } from "../components/skeleton.tsx";
import { Failure } from "../components/states.tsx";
import { formatMoney, moneyOf } from "../lib/money.ts";
import type { RouterContext } from "../lib/page-data.ts";
import { FREE_SHIPPING_MINOR_UNITS } from "../lib/shipping.ts";
import { useTitle } from "../lib/title.ts";
import "./home.css";

const { getHome } = StorefrontService.method;
const SHELF = 8;
const CATEGORY_COUNT = 8;
/** How often a page that is not all there is asked for again. */
const INCOMPLETE_PAUSE_MS = 5_000;

export const load = ({ context }: { context: RouterContext }) => context.prefetch(getHome, {});

/** The first page: what there is, what sells, what is new. */
export function View() {
  useTitle(undefined);
  const { data, error, refetch } = useQuery(
    getHome,
    {},
    { refetchInterval: ({ state }) => (isIncomplete(state.data) ? INCOMPLETE_PAUSE_MS : false) },
  );
  return (
    <>
      <Hero products={data?.popular} />
      <div className="page home">
        {error && !data ? (
          <Failure error={error} onRetry={() => void refetch()} title="The shelves did not load" />
        ) : (
          <Shelves home={data} />
        )}
      </div>
    </>
  );
}

/** Whether some of it is missing or old, since a part of the shop is away. */
function isIncomplete(home: GetHomeResponse | undefined): boolean {
  return home !== undefined && home.missingParts.length + home.staleParts.length > 0;
}

/** Says what visitors would otherwise wonder about, and what they can do meanwhile. */
function Hint({ home }: { readonly home: GetHomeResponse }) {
  if (home.staleParts.length > 0)
    return <Notice>Our catalogue is away for a moment. What you see here is some minutes old.</Notice>;
  if (home.missingParts.length === 0) return null;
  return <Notice>Some of our shelves are away for a moment. They will be back here by themselves.</Notice>;
}

function Shelves({ home }: { readonly home: GetHomeResponse | undefined }) {
  return (
    <>
      {home && <Hint home={home} />}
      <Categories categories={home?.categories} />
      <Shelf title="What sells best" order="popular" products={home?.popular} eager={4} />
      <Promises />
      <Shelf title="Just arrived" order="newest" products={home?.newest} eager={0} />
    </>
  );
}

function Categories({ categories }: { readonly categories: readonly Category[] | undefined }) {
  if (categories?.length === 0) return null;
  return (
    <section aria-labelledby="categories">
      <h2 id="categories">Shop by category</h2>
      <ul className="home-categories">
        {categories?.map(({ categoryId, name, picture, productCount }) => (
          <li key={categoryId}>
            <Picture picture={picture} sizes="(width >= 56rem) 18rem, 46vw" decorative />
            <Link to="/products" search={{ category: categoryId }}>
              {name}
            </Link>
            <p className="soft small tabular">{productCount} products</p>
          </li>
        ))}
        {categories === undefined &&
          Array.from({ length: CATEGORY_COUNT }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the blocks are alike and never move
            <li key={index}>
              <span className="picture" />
              <Skeleton width="70%" height="2.75rem" />
            </li>
          ))}
      </ul>
    </section>
  );
}

interface ShelfProps {
  readonly title: string;
  readonly order: "popular" | "newest";
  readonly products: readonly Product[] | undefined;
  readonly eager: number;
}

/** A row of products. One that could not be had is left out rather than shown empty. */
function Shelf({ title, order, products, eager }: ShelfProps) {
  if (products?.length === 0) return null;
  return (
    <section aria-labelledby={`shelf-${order}`}>
      <div className="home-shelf-head">
        <h2 id={`shelf-${order}`}>{title}</h2>
        <Link to="/products" search={{ order }}>
          See all <ArrowRight aria-hidden size={17} />
        </Link>
      </div>
      <ProductGrid products={products?.slice(0, SHELF)} expected={SHELF} eager={eager} />
    </section>
  );
}

const PROMISES = [
  {
    icon: PackageCheck,
    title: `Free shipping from ${formatMoney(moneyOf("EUR", FREE_SHIPPING_MINOR_UNITS))}`,
    text: "Below that, one small flat price.",
  },
  { icon: Radio, title: "Followed live", text: "See each step the moment it happens." },
  { icon: Undo2, title: "Change your mind", text: "Cancel with one click until it ships." },
  { icon: CreditCard, title: "Charged once", text: "Or not at all, whatever your connection does." },
];

function Promises() {
  return (
    <ul className="home-promises">
      {PROMISES.map(({ icon: Icon, title, text }) => (
        <li key={title}>
          <Icon aria-hidden size={26} strokeWidth={1.7} />
          <strong>{title}</strong>
          <span className="soft small">{text}</span>
        </li>
      ))}
    </ul>
  );
}
