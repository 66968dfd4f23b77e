import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { Availability } from "#gen/shop/cart/v1/cart_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/product/v1/error_reason_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { currentUser } from "#kit/call.ts";
import { failures } from "#kit/failure.ts";
import type { Main } from "#kit/kit.ts";
import { fakeMain, NO_KEYS } from "#kit/testing/fake.ts";

const fail = failures(ErrorReasonSchema);

const HOLD_MS = 900_000;

/** What the order service's neighbours were asked, and how they shall behave. */
export interface Neighbours {
  readonly auth: Main;
  readonly cart: Main;
  readonly product: Main;
  /** Pieces in everybody's cart, by product. */
  cartLines: Record<string, number>;
  /** Whether carts stay as they are when they were bought. */
  keepsCarts: boolean;
  /** Price of every product in minor units. */
  price: number;
  stock: number;
  /** Calls that change something: "reserve", "confirm", … with the order's id. */
  readonly calls: string[];
  /** Fails that many of the next calls to reserve. */
  failReservations: number;
  /** Fails that many of the next calls to confirm a reservation. */
  failConfirmations: number;
}

/** Neighbours of the order service for its tests: they answer over real sockets and keep just enough state. */
export function createNeighbours(): Neighbours {
  const held = new Map<string, number>();
  const emptied = new Set<string>();
  const state: Neighbours = {
    cartLines: { lamp: 2 },
    keepsCarts: true,
    price: 2_000,
    stock: 1_000,
    calls: [],
    failReservations: 0,
    failConfirmations: 0,
    auth: fakeMain(AuthService, { verifyToken: () => ({}) }, NO_KEYS),
    cart: fakeMain(CartService, {
      getCart() {
        const { userId } = currentUser();
        const items = Object.entries(emptied.has(userId) ? {} : state.cartLines).map(([productId, quantity]) => ({
          productId,
          quantity,
          name: productId.toUpperCase(),
          availability: Availability.IN_STOCK,
        }));
        return { cart: { items } };
      },
      removePurchased: ({ orderId, userId }) => {
        if (!state.keepsCarts) emptied.add(userId);
        state.calls.push(`clear ${orderId}`);
        return {};
      },
    }),
    product: fakeMain(ProductService, {
      reserveStock({ orderId, lines }) {
        if (state.failReservations > 0) {
          state.failReservations -= 1;
          throw new Error("The product service stumbles");
        }
        const wanted = lines.reduce((sum, line) => sum + line.quantity, 0);
        if (!held.has(orderId)) {
          if (wanted > state.stock) {
            const metadata = { product_id: lines[0]?.productId ?? "", available: `${state.stock}` };
            throw fail(ErrorReason.OUT_OF_STOCK, "Not enough left.", { metadata });
          }
          held.set(orderId, wanted);
          state.stock -= wanted;
        }
        const unitPrice = { currencyCode: "EUR", minorUnits: BigInt(state.price) };
        const expireTime = timestampFromMs(Date.now() + HOLD_MS);
        const reserved = lines.map(({ productId, quantity }) => ({
          productId,
          quantity,
          name: productId.toUpperCase(),
          unitPrice,
        }));
        return { reservation: { orderId, expireTime, lines: reserved } };
      },
      confirmReservation({ orderId }) {
        if (state.failConfirmations > 0) {
          state.failConfirmations -= 1;
          throw new Error("The product service stumbles");
        }
        state.calls.push(`confirm ${orderId}`);
        return {};
      },
      releaseReservation({ orderId }) {
        state.calls.push(`release ${orderId}`);
        state.stock += held.get(orderId) ?? 0;
        held.delete(orderId);
        return {};
      },
    }),
  };
  return state;
}
