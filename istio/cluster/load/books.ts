import { createClient } from "@connectrpc/connect";
import { type Order, OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { PaymentStatus } from "#gen/shop/order/v1/payment_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { edgeTransport } from "../lib/users.ts";
import type { Scene } from "../stage.ts";

const PAGE = 100;
const PAID: ReadonlySet<OrderStatus> = new Set([OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.DELIVERED]);

async function administration({ edge, tokens }: Scene) {
  const headers = { authorization: `Bearer ${(await tokens()).administrator}` };
  return { transport: edgeTransport(edge), options: { headers } };
}

/** Puts a product on the shelves of which there is plenty. */
export async function shelve(scene: Scene, productId: string, stock: number): Promise<void> {
  const { transport, options } = await administration(scene);
  const products = createClient(ProductService, transport);
  await products.createCategory({ category: { categoryId: "tests", name: "Tests" } }, options).catch(() => {}); // there already
  const price = { currencyCode: "EUR", minorUnits: 1_250n };
  await products.createProduct(
    { product: { productId, name: `Product ${productId}`, categoryId: "tests", price, stock } },
    options,
  );
}

/** What the shop's books say about one product, all users' orders together. */
export interface Books {
  readonly stock: number;
  /** Pieces in paid orders. */
  readonly sold: number;
  /** Paid orders, by id. */
  readonly paid: ReadonlySet<string>;
  /** Orders that are neither paid nor cancelled. */
  readonly open: number;
  /** Paid orders whose payment is not exactly what the order costs. */
  readonly wrongPayments: readonly string[];
}

/** Reads the books as an administrator does. */
export async function readBooks(scene: Scene, productId: string): Promise<Books> {
  const { transport, options } = await administration(scene);
  const list = createClient(OrderService, transport);
  const orders: Order[] = [];
  for (let pageToken = ""; ; ) {
    const page = await list.listOrders({ allUsers: true, pageSize: PAGE, pageToken }, options);
    orders.push(...page.orders.filter((it) => it.lines.some((line) => line.productId === productId)));
    pageToken = page.nextPageToken;
    if (pageToken === "") break;
  }
  const paid = orders.filter((it) => PAID.has(it.status));
  const wrong = paid.filter(
    ({ payment, total }) =>
      payment?.status !== PaymentStatus.CAPTURED || payment.amount?.minorUnits !== total?.minorUnits,
  );
  const { product } = await createClient(ProductService, transport).getProduct({ productId }, options);
  return {
    stock: product?.stock ?? Number.NaN,
    sold: paid.flatMap((it) => it.lines).reduce((sum, it) => sum + it.quantity, 0),
    paid: new Set(paid.map((it) => it.orderId)),
    open: orders.filter((it) => it.status === OrderStatus.PENDING).length,
    wrongPayments: wrong.map((it) => it.orderId),
  };
}
