import { expect } from "vitest";
import { type Order, OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import type { Books } from "./books.ts";
import type { Buyer } from "./load.ts";
import type { ReplicatedShop } from "./replicas.ts";

const REST = { timeout: 60_000, interval: 250 };
const PAGE_SIZE = 100;

/** What must hold of a product's pieces and of all orders, whatever happened. */
export interface Expected {
  readonly productId: string;
  readonly initialStock: number;
  readonly buyers: readonly Buyer[];
}

/**
 * Waits until every checkout has ended, then checks: stock + held + sold = initial; each purchase that was answered is one
 * order, and there are no others; each is paid, once. Answers how many pieces were sold.
 */
export async function checkInvariants(shop: ReplicatedShop, books: Books, expected: Expected): Promise<number> {
  const { productId, initialStock, buyers } = expected;
  await expect.poll(() => books.unfinished(), REST).toBe(0);
  expect(await books.wrongCharges()).toBe(0);
  const orders: Order[] = [];
  for (const { user, orders: answered } of buyers) {
    const own = await ordersOf(shop, user);
    expect(own.map((it) => it.orderId).sort()).toEqual([...answered.values()].sort());
    orders.push(...own);
  }
  expect(new Set(orders.map((it) => OrderStatus[it.status]))).toEqual(new Set(["PROCESSING"]));
  const sold = orders
    .flatMap((it) => it.lines)
    .reduce((sum, it) => sum + (it.productId === productId ? it.quantity : 0), 0);
  await expect.poll(() => books.stockOf(productId), REST).toEqual({ stock: initialStock - sold, held: 0, sold });
  return sold;
}

async function ordersOf(shop: ReplicatedShop, user: Buyer["user"]): Promise<Order[]> {
  const orders: Order[] = [];
  for (let pageToken = ""; ; ) {
    const page = await shop.client(OrderService).listOrders({ pageSize: PAGE_SIZE, pageToken }, user);
    orders.push(...page.orders);
    pageToken = page.nextPageToken;
    if (pageToken === "") return orders;
  }
}
