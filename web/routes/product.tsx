import { useQuery } from "@connectrpc/connect-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { SearchX } from "lucide-react";
import { type GetProductPageResponse, StorefrontService } from "#gen/shop/api/v1/storefront_service_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/product/v1/error_reason_pb.js";
import type { Product } from "#gen/shop/product/v1/product_pb.js";
import { BuyBox } from "../components/buy-box.tsx";
import { Gallery } from "../components/gallery.tsx";
import { Notice } from "../components/notice.tsx";
import { ProductGrid } from "../components/product-card.tsx";
import { Skeleton } from "../components/skeleton.tsx";
import { Empty, Failure } from "../components/states.tsx";
import { hasReason } from "../lib/errors.ts";
import { formatMoney } from "../lib/money.ts";
import type { RouterContext } from "../lib/page-data.ts";
import { useTitle } from "../lib/title.ts";
import { useLiveStock } from "../lib/use-live-stock.ts";
import "./product.css";

const { getProductPage } = StorefrontService.method;
const route = getRouteApi("/products/$productId");
const RELATED = 4;
/** How often a page that is some minutes old is asked for again. */
const STALE_PAUSE_MS = 5_000;

interface LoadOptions {
  readonly context: RouterContext;
  readonly params: { readonly productId: string };
}

export const load = ({ context, params }: LoadOptions) =>
  context.prefetch(getProductPage, { productId: params.productId });

/** A product with what is around it. */
export function View() {
  const { productId } = route.useParams();
  const { data, error, refetch } = useQuery(
    getProductPage,
    { productId },
    { refetchInterval: ({ state }) => (state.data?.staleParts.length ? STALE_PAUSE_MS : false) },
  );
  useTitle(data?.product?.name ?? (error ? "Product" : undefined));
  if (data?.product) return <Page key={productId} page={data} product={data.product} />;
  if (!error) return <Pending />;
  return (
    <div className="page">
      {hasReason(error, ErrorReasonSchema, ErrorReason.PRODUCT_NOT_FOUND) ? (
        <Empty icon={SearchX} title="We do not sell this">
          <p className="soft">Or not any more. There is more on the shelves, though.</p>
          <Link to="/products" className="button">
            Look around the shop
          </Link>
        </Empty>
      ) : (
        <Failure error={error} onRetry={() => void refetch()} />
      )}
    </div>
  );
}

function Page({ page, product: loaded }: { readonly page: GetProductPageResponse; readonly product: Product }) {
  const { category } = page;
  const [product = loaded, ...related] = useLiveStock([loaded, ...page.related.slice(0, RELATED)]);
  return (
    <div className="page">
      {page.staleParts.length > 0 && (
        <Notice>Our catalogue is away for a moment. What you see here is some minutes old.</Notice>
      )}
      <article className="product">
        <Gallery pictures={product.pictures} />
        <div className="product-words">
          <nav aria-label="Breadcrumb" className="small soft crumbs">
            <Link to="/products">Shop</Link>
            {category && (
              <>
                {" / "}
                <Link to="/products" search={{ category: category.categoryId }}>
                  {category.name}
                </Link>
              </>
            )}
          </nav>
          <h1>{product.name}</h1>
          <p className="product-price tabular">{formatMoney(product.price)}</p>
          <BuyBox product={product} />
          {product.description.split(/\n{2,}/).map((paragraph) => (
            <p key={paragraph}>{paragraph}</p>
          ))}
          <Attributes product={product} />
        </div>
      </article>
      {related.length > 0 && (
        <section className="product-related" aria-labelledby="related">
          <h2 id="related">You may also like</h2>
          <ProductGrid products={related} expected={RELATED} />
        </section>
      )}
    </div>
  );
}

function Attributes({ product }: { readonly product: Product }) {
  if (product.attributes.length === 0) return null;
  return (
    <table className="product-attributes">
      <caption>Details</caption>
      <tbody>
        {product.attributes.map(({ name, value }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Pending() {
  return (
    <div className="page">
      <div className="product" aria-busy="true">
        <div className="gallery-main">
          <Skeleton height="100%" />
        </div>
        <div className="product-words">
          <Skeleton width="8rem" />
          <Skeleton width="80%" height="2.6rem" />
          <Skeleton width="5rem" height="2rem" />
          <Skeleton height="11rem" />
          <Skeleton height="8rem" />
        </div>
      </div>
    </div>
  );
}
