import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { PaymentService } from "#gen/shop/order/v1/payment_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { implement } from "#kit/implementation.ts";
import type { Main } from "#kit/kit.ts";
import { runAlone } from "#kit/run.ts";
import type { Schema } from "#kit/schema.ts";
import { createOrderChanges } from "./changes.ts";
import { createCheckout } from "./checkout.ts";
import { counted } from "./counted.ts";
import { createOrders } from "./orders.ts";
import { createSandboxProvider } from "./payment-provider.sandbox.ts";
import { createRefunds } from "./refunds.ts";
import { createSaga } from "./saga.ts";
import { createOrderService, createPaymentService } from "./service.ts";
import { createPostgresStore } from "./store.postgres.ts";
import { createWorker } from "./worker.ts";

/** What it keeps. */
export const SCHEMA: Schema = { migrations: new URL("./migrations", import.meta.url), events: true };

/** Stands between the checkout and one of its parts: how a test makes every write the last one of the process. */
export type Around = <T extends object>(name: string, part: T) => T;

/** The order service, with something around its parts. */
export function createMain(around: Around = (_, part) => part): Main {
  return async (kit) => {
    const { log, settings } = kit;
    const database = await kit.postgres(SCHEMA);
    const postgres = createPostgresStore(database, await kit.events(database));
    const store = around("store", counted(postgres, kit.metrics));
    const payments = around("payments", createSandboxProvider(database));
    const products = around("products", kit.client(ProductService));
    const carts = around("carts", kit.client(CartService));
    const changes = await createOrderChanges(database);
    kit.onClose(() => changes.close());

    const saga = createSaga({ store, products, carts, payments, log });
    kit.onClose(() => saga.idle());
    const orders = createOrders({ store, saga });
    const refunds = createRefunds({ store, payments });
    const checkout = createCheckout({ store, saga, changes, payments, carts, auth: kit.client(AuthService) });
    const fulfilmentStepMs = settings.simulateFulfilment ? settings.fulfilmentStepSeconds * 1000 : undefined;
    const worker = createWorker({ store, saga, orders, refunds, log, fulfilmentStepMs });
    kit.onClose(() => worker.stop());

    await kit.serve({
      services: [
        implement(OrderService, createOrderService({ checkout, orders, changes })),
        implement(PaymentService, createPaymentService({ orders, refunds })),
      ],
      ready: () => database.ping(),
    });
    worker.start();
  };
}

export const main: Main = createMain();

if (import.meta.main) await runAlone("order", main, SCHEMA);
