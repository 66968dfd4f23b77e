import { type CallOptions, Code, ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { UserService } from "#gen/shop/auth/v1/user_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import type { Workload } from "#kit/settings.ts";
import type { EngineName, FragileEngine } from "./fragile-engines.ts";
import type { ReplicatedShop } from "./replicas.ts";

/** How an engine goes away, and comes back. */
export interface Failure {
  readonly begin: (engine: FragileEngine) => Promise<void> | void;
  readonly end: (engine: FragileEngine) => Promise<void>;
  /** Whether it stays away for a while in between. */
  readonly lasts: boolean;
}

/** All that happens to engines, by what is said of one: "is …". */
export const FAILURES: Readonly<Record<string, Failure>> = {
  "stopped, and started again": {
    begin: ({ server }) => server.stop(),
    end: ({ server }) => server.restart(),
    lasts: true,
  },
  "killed, and restarted at once": {
    begin: ({ server }) => server.kill(),
    end: ({ server }) => server.restart(),
    lasts: false,
  },
  paused: { begin: ({ server }) => server.pause(), end: ({ server }) => server.resume(), lasts: true },
  "cut off": { begin: ({ proxy }) => proxy.cutOff(), end: ({ proxy }) => proxy.heal(), lasts: true },
  "behind a network that swallows everything": {
    begin: ({ proxy }) => proxy.blackHole(),
    end: ({ proxy }) => proxy.heal(),
    lasts: true,
  },
};

/** Who asks. */
export interface Askers {
  readonly buyer: CallOptions;
  readonly administrator: CallOptions;
  readonly productId: string;
}

/** What a shop cannot do without an engine. */
export interface Dependants {
  readonly notReady: readonly Workload[];
  /** Whether it sells all the same. */
  readonly sells: boolean;
  /** Calls that cannot be answered without it. */
  readonly calls: (shop: ReplicatedShop, askers: Askers) => readonly (() => Promise<unknown>)[];
}

/** What each engine is to the shop. */
export const DEPENDANTS: Readonly<Record<EngineName, Dependants>> = {
  PostgreSQL: {
    notReady: ["auth", "order"],
    sells: false,
    calls: (shop, { buyer }) => [
      () => shop.onceClient(OrderService).listOrders({}, buyer),
      () => shop.onceClient(UserService).getProfile({}, buyer),
    ],
  },
  MongoDB: {
    notReady: ["product"],
    sells: false,
    calls: (shop, { buyer, productId }) => [
      () => shop.onceClient(ProductService).getProduct({ productId }),
      // By way of another service.
      () => shop.onceClient(CartService).addItem({ productId, quantity: 1 }, buyer),
    ],
  },
  Redis: {
    notReady: ["cart"],
    sells: false,
    calls: (shop, { buyer }) => [() => shop.onceClient(CartService).getCart({}, buyer)],
  },
  S3: {
    notReady: ["image"],
    sells: true,
    calls: (shop, { administrator }) => [() => shop.onceClient(ImageService).listImages({}, administrator)],
  },
  Kafka: { notReady: [], sells: true, calls: () => [] },
};

/** How a call ended, and how long that took. */
export interface Refusal {
  readonly code: keyof typeof Code | "OK";
  /** Whether it says when to try again. */
  readonly saysWhen: boolean;
  readonly ms: number;
}

/** Makes a call that is expected to be refused. */
export async function refusalOf(call: () => Promise<unknown>): Promise<Refusal> {
  const start = performance.now();
  try {
    await call();
    return { code: "OK", saysWhen: false, ms: performance.now() - start };
  } catch (error) {
    const refused = ConnectError.from(error);
    const saysWhen = refused.findDetails(RetryInfoSchema).length > 0;
    return { code: Code[refused.code] as keyof typeof Code, saysWhen, ms: performance.now() - start };
  }
}
