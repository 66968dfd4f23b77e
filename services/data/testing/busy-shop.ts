import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import type { TestMesh } from "#kit/testing/mesh.ts";
import { openBooks } from "../../shop/testing/books.ts";
import { ADDRESS, card, fillCart, patiently, seedProduct } from "../../shop/testing/purchase.ts";
import { type SamplePlace, signUp, startSample } from "./sample-shop.ts";

/** Pieces of each product in the beginning. */
const INITIAL = 400;
const PRODUCTS = ["busy-1", "busy-2", "busy-3"];
const BUYERS = 6;
const REST_TRIES = 400;
const REST_PAUSE_MS = 50;

/** Buyers that buy, and now and then cancel, until they are stopped. */
export interface Load {
  /** @returns how many orders there were */
  stop(): Promise<number>;
}

const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] as T;

/** Fills the shelves and lets buyers in. */
export async function startLoad(mesh: TestMesh): Promise<Load> {
  for (const it of PRODUCTS) await seedProduct(mesh, it, INITIAL);
  let isStopping = false;
  let placed = 0;
  const buyer = async () => {
    const user = await signUp(mesh);
    const orders = mesh.client(OrderService);
    while (!isStopping) {
      await fillCart(mesh, user, { [pick(PRODUCTS)]: 1 + Math.floor(Math.random() * 2) });
      const request = { requestId: randomUUID(), shippingAddress: ADDRESS, paymentMethod: card() };
      const { order } = await patiently(() => orders.placeOrder(request, user));
      placed += 1;
      if (placed % 3 === 0) await patiently(() => orders.cancelOrder({ orderId: order?.orderId ?? "" }, user));
    }
  };
  const buyers = Promise.all(Array.from({ length: BUYERS }, buyer));
  return {
    async stop() {
      isStopping = true;
      await buyers;
      return placed;
    },
  };
}

/** Lets a shop finish what it has begun, and looks whether its books are right. */
export async function expectBooksToBeRight(place: SamplePlace): Promise<void> {
  const { POSTGRES_URL: postgresUrl = "", MONGODB_URL: mongodbUrl } = place.env;
  const mesh = await startSample(place);
  const books = await openBooks({ postgresUrl, mongodbUrl });
  try {
    for (let tries = 1; (await books.unfinished()) > 0 && tries <= REST_TRIES; tries++) {
      await books.hurry();
      await new Promise((resolve) => setTimeout(resolve, REST_PAUSE_MS));
    }
    expect(await books.unfinished()).toBe(0);
    for (const it of PRODUCTS) {
      const { stock, held, sold } = await books.stockOf(it);
      expect(stock + held + sold).toBe(INITIAL);
      expect(sold).toBe(await piecesOfPaidOrders(mesh, it));
    }
    expect(await books.wrongCharges()).toBe(0);
  } finally {
    await mesh.close();
    await books.close();
  }
}

/** Pieces of a product in all orders that are paid for, as an administrator sees them. */
async function piecesOfPaidOrders(mesh: TestMesh, productId: string): Promise<number> {
  const admin = mesh.as("admin");
  const orders = mesh.client(OrderService);
  let sum = 0;
  for (let pageToken = "", isFirst = true; isFirst || pageToken !== ""; isFirst = false) {
    const page = await orders.listOrders({ pageSize: 100, pageToken, allUsers: true }, admin);
    for (const { status, lines } of page.orders)
      if (status >= 2 && status <= 4) for (const it of lines) if (it.productId === productId) sum += it.quantity;
    pageToken = page.nextPageToken;
  }
  return sum;
}
