import { create, type DescMethodUnary, type Message } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { type Product, ProductSchema } from "#gen/shop/product/v1/product_pb.js";
import {
  BatchGetProductsRequestSchema,
  GetProductRequestSchema,
  ListProductsRequestSchema,
  ProductService,
} from "#gen/shop/product/v1/product_service_pb.js";

// Sizes of the answers: one product of some 200 bytes, a page of 20 in some 6 kB, and 64 long ones in 256 kB.
const SMALL_TEXT_LENGTH = 75;
const PAGE_PRODUCTS = 20;
const PAGE_TEXT_LENGTH = 190;
const LARGE_PRODUCTS = 64;
const LARGE_TEXT_LENGTH = 3_950;
const TEXT = "Turned from one piece of walnut, oiled by hand, and made to outlive the desk that it stands on. ";
const ADDED = timestampFromDate(new Date("2025-03-01T09:00:00Z"));

function productOf(productId: string, textLength: number): Product {
  return create(ProductSchema, {
    productId,
    name: "Walnut desk lamp",
    description: TEXT.repeat(Math.ceil(textLength / TEXT.length)).slice(0, textLength),
    categoryId: "lighting",
    price: { currencyCode: "EUR", minorUnits: 12_900n },
    stock: 17,
    pictures: [{ imageId: "0123456789abcdef0123456789abcdef", width: 1600, height: 1200 }],
    soldCount: 318n,
    createTime: ADDED,
    etag: "5f1c",
  });
}

const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

const SMALL_ID = "walnut-desk-lamp";
const LARGE_IDS = numbered("large", LARGE_PRODUCTS);
const PAGE = numbered("page", PAGE_PRODUCTS).map((it) => productOf(it, PAGE_TEXT_LENGTH));
const BY_ID = new Map(
  [productOf(SMALL_ID, SMALL_TEXT_LENGTH), ...LARGE_IDS.map((it) => productOf(it, LARGE_TEXT_LENGTH))].map((it) => [
    it.productId,
    it,
  ]),
);

/** The calls that are measured, answered from memory; they do nothing that a server's own cost could hide behind. */
export const catalogue: Pick<ServiceImpl<typeof ProductService>, "getProduct" | "listProducts" | "batchGetProducts"> = {
  getProduct: ({ productId }) => {
    const product = BY_ID.get(productId);
    return product === undefined ? {} : { product };
  },
  listProducts: ({ pageSize }) => ({ products: PAGE.slice(0, pageSize), totalSize: PAGE.length }),
  batchGetProducts: ({ productIds }) => ({
    products: productIds.map((it) => BY_ID.get(it)).filter((it) => it !== undefined),
  }),
};

/** A call with its request, as the tables name it by the size of its answer. */
export interface MeasuredCall {
  readonly method: DescMethodUnary;
  readonly request: Message;
}

export type Size = "small" | "page" | "large";

export const CALLS: Readonly<Record<Size, MeasuredCall>> = {
  small: {
    method: ProductService.method.getProduct,
    request: create(GetProductRequestSchema, { productId: SMALL_ID }),
  },
  page: {
    method: ProductService.method.listProducts,
    request: create(ListProductsRequestSchema, { pageSize: PAGE_PRODUCTS }),
  },
  large: {
    method: ProductService.method.batchGetProducts,
    request: create(BatchGetProductsRequestSchema, { productIds: LARGE_IDS }),
  },
};

/** The handler of a measured method; what it answers has yet to be made a message. */
export function handlerOf(method: DescMethodUnary): (request: Message) => Record<string, unknown> {
  return catalogue[method.localName as keyof typeof catalogue] as never;
}

/** What a correct server answers to a measured call. */
export function answerTo({ method, request }: MeasuredCall): Message {
  return create(method.output, handlerOf(method)(request));
}
