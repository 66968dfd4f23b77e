import { randomUUID } from "node:crypto";
import { create, type DescMessage, type DescMethod, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { StorefrontService } from "#gen/shop/api/v1/storefront_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { WORKLOAD_HEADER } from "#kit/identity/workload.ts";
import type { Workload } from "#kit/settings.ts";
import { encodeEnvelope } from "#kit/wire/envelope.ts";
import { ADDRESS, card } from "../../services/shop/testing/purchase.ts";
import { drive, type JobCall } from "./drive.ts";
import { ghz } from "./ghz.ts";
import { h2load } from "./h2load.ts";
import type { LoadOptions, LoadResult } from "./load.ts";
import { type People, visitorHeaders } from "./people.ts";
import type { RunningShop } from "./running-shop.ts";

/** A call of the shop, and how it is made many times. */
export interface MeasuredCall {
  readonly name: string;
  readonly concurrency: number;
  /** What must be so before each run, such as something in the carts; it is not measured. */
  readonly prepare?: () => Promise<void>;
  readonly run: (options: LoadOptions & { seconds: number }) => Promise<LoadResult>;
  /** Runs that make up one measurement, where one is short. */
  readonly runs?: number;
}

const PAGE_SIZE = 20;
const READERS = 16;
const BUYERS_AT_ONCE = 8;
const PRODUCTS_PER_CART = 3;
const ADD_ITEM_CALLS = 1_000;
const CONNECTIONS = 4;

const pathOf = (method: DescMethod) => `/${method.parent.typeName}/${method.name}`;
const workloadOf = (method: DescMethod) => method.parent.typeName.split(".")[1] as Workload;

function frame<T extends DescMessage>(schema: T, message: MessageInitShape<T>): string {
  return encodeEnvelope(0, toBinary(schema, create(schema, message))).toString("base64");
}

/** A call that reads the same again and again, made as the api service makes it: nobody limits how often. */
function read<T extends DescMessage>(
  shop: RunningShop,
  method: DescMethod & { readonly input: T },
  message: MessageInitShape<T>,
  name: string = method.name,
): MeasuredCall {
  const call = {
    url: `${shop.url(workloadOf(method))}${pathOf(method)}`,
    headers: { [WORKLOAD_HEADER]: shop.proofs.prove("api") },
    message: toBinary(method.input, create(method.input, message)),
  };
  return { name, concurrency: READERS, run: (options) => h2load(call, options) };
}

/** A page, as the edge asks for it on behalf of visitors from everywhere. */
function page(shop: RunningShop, method: DescMethod, data?: object): MeasuredCall {
  const call = {
    address: new URL(shop.url("api")).host,
    method,
    ...(data !== undefined && { data }),
    metadata: {
      [WORKLOAD_HEADER]: shop.proofs.prove("edge"),
      "x-forwarded-for": "10.{{randomInt 0 255}}.{{randomInt 0 255}}.{{randomInt 0 255}}",
    },
  };
  return { name: method.name, concurrency: READERS, run: (options) => ghz(call, options) };
}

/** Makes many calls that differ; `callOf` says what the call with a number is. */
function each(shop: RunningShop, method: DescMethod, count: number, callOf: (index: number) => JobCall) {
  const job = { origin: shop.url(workloadOf(method)), path: pathOf(method) };
  return (options: LoadOptions) =>
    drive({ ...job, ...options, calls: Array.from({ length: count }, (_, it) => callOf(it)) });
}

/** One more piece for one visitor after the other, each of whom chooses among a few products. */
function addItem(shop: RunningShop, { productIds }: People, tokens: readonly string[], count: number) {
  const method = CartService.method.addItem;
  return each(shop, method, count, (index) => {
    const visitor = index % tokens.length;
    const choice = Math.floor(index / tokens.length) % PRODUCTS_PER_CART;
    const productId = productIds[(visitor + choice) % productIds.length] ?? "";
    const requestId = randomUUID();
    return {
      headers: visitorHeaders(shop, visitor, tokens[visitor]),
      frame: frame(method.input, { productId, quantity: 1, requestId }),
    };
  });
}

/** An order of every buyer, of what is in their carts. */
function placeOrder(shop: RunningShop, { buyers }: People) {
  const method = OrderService.method.placeOrder;
  return each(shop, method, buyers.length, (index) => ({
    headers: visitorHeaders(shop, index, buyers[index]),
    frame: frame(method.input, { requestId: randomUUID(), shippingAddress: ADDRESS, paymentMethod: card() }),
  }));
}

/** The calls to measure, cheapest first. */
export function measuredCalls(shop: RunningShop, people: People): MeasuredCall[] {
  const { getProduct, listProducts } = ProductService.method;
  const fillCarts = addItem(shop, people, people.buyers, people.buyers.length * PRODUCTS_PER_CART);
  return [
    read(shop, getProduct, { productId: people.productIds[0] ?? "" }),
    read(shop, listProducts, { pageSize: PAGE_SIZE }, `${listProducts.name} of ${PAGE_SIZE}`),
    page(shop, StorefrontService.method.getHome),
    page(shop, StorefrontService.method.getProductPage, { productId: people.productIds[0] ?? "" }),
    {
      name: CartService.method.addItem.name,
      concurrency: READERS,
      run: addItem(shop, people, people.guests, ADD_ITEM_CALLS),
    },
    {
      name: OrderService.method.placeOrder.name,
      concurrency: BUYERS_AT_ONCE,
      runs: 5,
      prepare: async () => void (await fillCarts({ concurrency: BUYERS_AT_ONCE, connections: CONNECTIONS })),
      run: placeOrder(shop, people),
    },
  ];
}
