import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/order/v1/error_reason_pb.js";
import { OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { PaymentStatus } from "#gen/shop/order/v1/payment_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { isFailure } from "#kit/failure.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { main as cart } from "../cart/main.ts";
import { main as order } from "../order/main.ts";
import { main as product } from "../product/main.ts";
import { fakeAuth } from "./testing/fake-auth.ts";
import { ADDRESS, card, fillCart, patiently, seedProduct } from "./testing/purchase.ts";

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh({ auth: fakeAuth, product, cart, order }, { env: { SIMULATE_FULFILMENT: "false" } });
});
afterAll(() => mesh.close());

const purchase = (number?: string) => ({
  requestId: randomUUID(),
  shippingAddress: ADDRESS,
  paymentMethod: card(number),
});
const stockOf = async (productId: string) =>
  (await mesh.client(ProductService).getProduct({ productId })).product?.stock;

describe("many buyers at once", () => {
  it("sell exactly the ten pieces there are to a hundred buyers, and tell the others clearly", async () => {
    await seedProduct(mesh, "rare", 10);
    const buyers = Array.from({ length: 100 }, () => mesh.as("customer"));
    await Promise.all(buyers.map((buyer) => fillCart(mesh, buyer, { rare: 1 })));
    const orders = mesh.client(OrderService);
    const outcomes = await Promise.allSettled(
      buyers.map((buyer) => {
        const request = purchase();
        return patiently(() => orders.placeOrder(request, buyer));
      }),
    );
    const sold = outcomes.filter((it) => it.status === "fulfilled");
    const refused = outcomes.filter((it) => it.status === "rejected");
    expect(sold.map((it) => it.value.order?.status)).toEqual(Array(10).fill(OrderStatus.PROCESSING));
    expect(refused.filter((it) => isFailure(it.reason, ErrorReasonSchema, ErrorReason.OUT_OF_STOCK))).toHaveLength(90);
    expect(await stockOf("rare")).toBe(0);
  });

  it("buy once when the button is pressed twenty times", async () => {
    await seedProduct(mesh, "twice", 50);
    const buyer = mesh.as("customer");
    await fillCart(mesh, buyer, { twice: 3 });
    const request = purchase();
    const orders = mesh.client(OrderService);
    const answers = await Promise.all(Array.from({ length: 20 }, () => orders.placeOrder(request, buyer)));
    expect(new Set(answers.map((it) => it.order?.orderId)).size).toBe(1);
    expect((await orders.listOrders({}, buyer)).orders).toHaveLength(1);
    expect(await stockOf("twice")).toBe(47);
  });

  it("give everything back when an order is cancelled while it is being paid, whoever is faster", async () => {
    await seedProduct(mesh, "raced", 1_000);
    const orders = mesh.client(OrderService);
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const buyer = mesh.as("customer");
        await fillCart(mesh, buyer, { raced: 2 });
        const placing = orders.placeOrder(purchase(), buyer).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, index * 10));
        const placed = (await orders.listOrders({}, buyer)).orders[0];
        if (placed !== undefined) await orders.cancelOrder({ orderId: placed.orderId }, buyer);
        await placing;
        const now = (await orders.listOrders({}, buyer)).orders[0];
        if (placed === undefined) return orders.cancelOrder({ orderId: now?.orderId ?? "" }, buyer);
        expect(now?.status).toBe(OrderStatus.CANCELLED);
        expect([PaymentStatus.PENDING, PaymentStatus.VOIDED, PaymentStatus.REFUNDED]).toContain(now?.payment?.status);
        return undefined;
      }),
    );
    expect(await stockOf("raced")).toBe(1_000);
    expect((await mesh.client(CartService).getCart({}, mesh.as("customer"))).cart?.itemCount).toBe(0);
  });
});
