import { durationMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type ListProductsRequest,
  ProductOrder,
  type ProductService,
} from "#gen/shop/product/v1/product_service_pb.js";
import { currentCall } from "#kit/call.ts";
import type { Metrics } from "#kit/metrics.ts";
import { clientOf } from "#kit/pipeline/rate-limit.ts";
import type { Catalogue } from "./catalogue.ts";
import { fromCategory, fromProduct, toCategory, toProduct, toReservation } from "./convert.ts";
import { type ListRequest, listPage } from "./listing.ts";
import { alreadyExists, productNotFound } from "./reasons.ts";
import type { Reservations } from "./reservations.ts";
import type { StockWatch } from "./stock-watch.ts";
import type { Order, ProductStore } from "./store.ts";
import { changesOf } from "./update.ts";

const PAGE_SIZE = 24;

const ORDERS: Readonly<Record<ProductOrder, Order | undefined>> = {
  [ProductOrder.UNSPECIFIED]: undefined,
  [ProductOrder.POPULAR]: "popular",
  [ProductOrder.NEWEST]: "newest",
  [ProductOrder.PRICE_ASCENDING]: "price_ascending",
  [ProductOrder.PRICE_DESCENDING]: "price_descending",
  [ProductOrder.NAME]: "name",
};

function listRequestOf(request: ListProductsRequest): ListRequest {
  const { query, pageSize, pageToken, categoryId, minPriceMinorUnits, maxPriceMinorUnits, inStockOnly, orderBy } =
    request;
  return {
    query,
    pageToken,
    pageSize: pageSize === 0 ? PAGE_SIZE : pageSize,
    order: ORDERS[orderBy] ?? (query.trim() === "" ? "popular" : "relevance"),
    filter: {
      inStockOnly,
      ...(categoryId !== "" && { categoryId }),
      ...(minPriceMinorUnits > 0n && { minPrice: Number(minPriceMinorUnits) }),
      ...(maxPriceMinorUnits > 0n && { maxPrice: Number(maxPriceMinorUnits) }),
    },
  };
}

/** A field that the contract requires; the kit has checked that it is there. */
function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("A required field is missing in a validated request");
  return value;
}

/** What the service is built with. */
export interface ProductServiceDeps {
  readonly store: ProductStore;
  readonly catalogue: Catalogue;
  readonly reservations: Reservations;
  readonly stockWatch: StockWatch;
  readonly metrics: Metrics;
}

/** The calls of the contract, each translated for the domain and back. */
export function createProductService({
  store,
  catalogue,
  reservations,
  stockWatch,
  metrics,
}: ProductServiceDeps): ServiceImpl<typeof ProductService> {
  const adjustments = metrics.counter("shop_stock_adjustments_total", "Stock adjustments by administrators", [
    "direction",
  ]);
  return {
    async listProducts(request) {
      const page = await listPage(store, listRequestOf(request));
      return { ...page, products: page.products.map(toProduct) };
    },
    async getProduct({ productId }) {
      const [product] = await store.find([productId]);
      if (product === undefined) throw productNotFound(productId);
      return { product: toProduct(product) };
    },
    async batchGetProducts({ productIds }) {
      const found = new Map((await store.find(productIds)).map((it) => [it.productId, toProduct(it)]));
      return { products: productIds.flatMap((it) => found.get(it) ?? []) };
    },
    async listCategories() {
      return { categories: (await store.listCategories()).map(toCategory) };
    },
    async *watchStock({ productIds }, { signal }) {
      const call = currentCall();
      const client = call === undefined ? "" : clientOf(call);
      for await (const levels of stockWatch.watch(client, productIds, signal)) yield { levels: [...levels] };
    },
    async createCategory(request) {
      const category = fromCategory(required(request.category));
      if (!(await store.insertCategory(category))) throw alreadyExists("category_id", category.categoryId);
      return { category: toCategory(category) };
    },
    async createProduct(request) {
      const product = required(request.product);
      return { product: toProduct(await catalogue.create(fromProduct(product), product.stock, product.productId)) };
    },
    async updateProduct(request) {
      const changes = changesOf(request);
      const { productId, etag } = required(request.product);
      return { product: toProduct(await catalogue.update(productId, changes, etag)) };
    },
    async deleteProduct({ productId, etag }) {
      await catalogue.remove(productId, etag);
      return {};
    },
    async adjustStock({ requestId, productId, delta }) {
      const stock = await store.adjust({ requestId: requestId.toLowerCase(), productId, delta });
      adjustments.inc({ direction: delta < 0 ? "removed" : "added" });
      return { stock };
    },
    async reserveStock({ orderId, lines, hold }) {
      const reservation = await reservations.reserve(orderId, lines, durationMs(required(hold)));
      return { reservation: toReservation(reservation) };
    },
    async confirmReservation({ orderId }) {
      await reservations.confirm(orderId);
      return {};
    },
    async releaseReservation({ orderId }) {
      await reservations.release(orderId);
      return {};
    },
  };
}
