import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { Role } from "#gen/shop/auth/v1/user_pb.js";
import { Availability } from "#gen/shop/cart/v1/cart_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/cart/v1/error_reason_pb.js";
import { ErrorReason as MeshReason, ErrorReasonSchema as MeshReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { ProductSchema } from "#gen/shop/product/v1/product_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { callFailure, failureMetadata, isFailure } from "#kit/failure.ts";
import { fakeMain, NO_KEYS } from "#kit/testing/fake.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { main } from "./main.ts";

const ROLES = { guest: Role.GUEST, customer: Role.CUSTOMER, admin: Role.ADMIN };

let mesh: TestMesh;
let stock: Record<string, number>;
const cart = () => mesh.client(CartService);

const productMain = fakeMain(ProductService, {
  batchGetProducts: ({ productIds }) => ({
    products: productIds.flatMap((productId) => {
      const pieces = stock[productId];
      if (pieces === undefined) return [];
      return create(ProductSchema, {
        productId,
        name: `A ${productId}`,
        stock: pieces,
        price: { currencyCode: "EUR", minorUnits: 1250n },
      });
    }),
  }),
});
const authMain = fakeMain(
  AuthService,
  {
    verifyToken: async ({ token }) => {
      if (token === "ended") throw callFailure(MeshReason.TOKEN_INVALID, "The session has ended.");
      const { userId, role } = await mesh.shared.tokens.verify(token);
      return { user: { userId, role: ROLES[role] } };
    },
  },
  NO_KEYS,
);

beforeAll(async () => {
  mesh = await startTestMesh({ product: productMain, auth: authMain, cart: main });
});
beforeEach(() => {
  stock = { pan: 10, cup: 500, axe: 0 };
});
afterAll(() => mesh?.close());

const failing = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Reason and metadata of the failure that a call ends with. */
async function reasonOf(promise: Promise<unknown>): Promise<unknown[]> {
  const error = await failing(promise);
  const reason = ErrorReasonSchema.values.find((it) => isFailure(error, ErrorReasonSchema, it.number));
  return [reason?.number, failureMetadata(error)];
}

describe("a cart", () => {
  test("shows names, prices and stock as they are now", async () => {
    const guest = mesh.as("guest");
    await cart().addItem({ productId: "pan", quantity: 2 }, guest);
    const added = await cart().addItem({ productId: "cup", quantity: 1 }, guest);
    expect(added.cart).toMatchObject({
      itemCount: 3,
      subtotal: { currencyCode: "EUR", minorUnits: 3750n },
      items: [
        {
          productId: "pan",
          name: "A pan",
          quantity: 2,
          stock: 10,
          lineTotal: { minorUnits: 2500n },
          availability: Availability.IN_STOCK,
        },
        { productId: "cup", quantity: 1 },
      ],
    });
    expect(Number(added.cart?.expireTime?.seconds) * 1000).toBeGreaterThan(Date.now());
    stock = { pan: 1 };
    const { cart: later } = await cart().getCart({}, guest);
    expect(later?.items.map((it) => it.availability)).toEqual([Availability.NOT_ENOUGH, Availability.GONE]);
    expect(later?.subtotal).toBeUndefined();
  });

  test("is the caller's own", async () => {
    const [one, other] = [mesh.as("customer"), mesh.as("customer")];
    await cart().addItem({ productId: "pan", quantity: 1 }, one);
    expect((await cart().getCart({}, other)).cart?.items).toEqual([]);
    expect(await failing(cart().getCart({}))).toMatchObject({ code: Code.Unauthenticated });
  });

  test("is changed and emptied; 0 pieces and what is not there are no failures", async () => {
    const user = mesh.as("customer");
    await cart().addItem({ productId: "pan", quantity: 5 }, user);
    await cart().addItem({ productId: "cup", quantity: 1 }, user);
    expect((await cart().updateItem({ productId: "pan", quantity: 7 }, user)).cart?.itemCount).toBe(8);
    expect((await cart().updateItem({ productId: "pan", quantity: 0 }, user)).cart?.itemCount).toBe(1);
    expect((await cart().updateItem({ productId: "pan", quantity: 0 }, user)).cart?.itemCount).toBe(1);
    expect((await cart().removeItem({ productId: "pan" }, user)).cart?.itemCount).toBe(1);
    expect((await cart().clearCart({}, user)).cart).toMatchObject({ items: [], itemCount: 0 });
  });

  test("takes a request once", async () => {
    const [user, requestId] = [mesh.as("customer"), randomUUID()];
    await Promise.all([1, 2, 3].map(() => cart().addItem({ productId: "pan", quantity: 2, requestId }, user)));
    expect((await cart().getCart({}, user)).cart?.itemCount).toBe(2);
  });

  test("loses nothing of what comes at the same time", async () => {
    const user = mesh.as("guest");
    const ends = await Promise.all(
      Array.from({ length: 100 }, () => failing(cart().addItem({ productId: "cup", quantity: 1 }, user))),
    );
    expect(ends.filter((it) => isFailure(it, ErrorReasonSchema, ErrorReason.QUANTITY_LIMIT))).toHaveLength(1);
    expect((await cart().getCart({}, user)).cart?.itemCount).toBe(99);
  });
});

test.each([
  ["an unknown product", "addItem", "nothing", 1, ErrorReason.PRODUCT_NOT_FOUND, { product_id: "nothing" }],
  ["more than in stock", "addItem", "pan", 9, ErrorReason.QUANTITY_LIMIT, { product_id: "pan", limit: "10" }],
  ["more than fit into a cart", "addItem", "cup", 98, ErrorReason.QUANTITY_LIMIT, { product_id: "cup", limit: "99" }],
  ["what is sold out", "addItem", "axe", 1, ErrorReason.QUANTITY_LIMIT, { product_id: "axe", limit: "0" }],
  ["more than in stock", "updateItem", "pan", 11, ErrorReason.QUANTITY_LIMIT, { product_id: "pan", limit: "10" }],
  ["what is not in the cart", "updateItem", "axe", 1, ErrorReason.PRODUCT_NOT_FOUND, { product_id: "axe" }],
] as const)("%s is refused by %s", async (_, call, productId, quantity, reason, metadata) => {
  const user = mesh.as("customer");
  for (const it of ["pan", "cup"]) await cart().addItem({ productId: it, quantity: 2 }, user);
  expect(await reasonOf(cart()[call]({ productId, quantity }, user))).toEqual([reason, metadata]);
  expect((await cart().getCart({}, user)).cart?.itemCount).toBe(4);
});

test("the 51st product is refused", async () => {
  const user = mesh.as("customer");
  stock = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`p${n}`, 1]));
  const ends = await Promise.all(
    Object.keys(stock).map((productId) => reasonOf(cart().addItem({ productId, quantity: 1 }, user))),
  );
  expect(ends.filter(([reason]) => reason !== undefined)).toEqual([[ErrorReason.CART_FULL, { limit: "50" }]]);
});

describe("merging", () => {
  test("moves a guest's cart into the user's, once", async () => {
    const [guest, user] = [mesh.as("guest"), mesh.as("customer")];
    await cart().addItem({ productId: "pan", quantity: 3 }, guest);
    await cart().addItem({ productId: "pan", quantity: 1 }, user);
    for (let time = 0; time < 2; time++) {
      expect((await cart().mergeCart({ guestToken: guest.token }, user)).cart?.items).toMatchObject([
        { productId: "pan", quantity: 4 },
      ]);
    }
    expect((await cart().getCart({}, guest)).cart?.items).toEqual([]);
  });

  test("takes a guest's token only: nobody's cart can be moved by another customer", async () => {
    const [victim, user] = [mesh.as("customer"), mesh.as("customer")];
    await cart().addItem({ productId: "pan", quantity: 3 }, victim);
    for (const guestToken of [victim.token, user.token, "ended"]) {
      expect(await reasonOf(cart().mergeCart({ guestToken }, user))).toEqual([ErrorReason.NOT_A_GUEST, {}]);
    }
    expect((await cart().getCart({}, victim)).cart?.itemCount).toBe(3);
  });

  test("needs an account", async () => {
    const guest = mesh.as("guest");
    expect(await failing(cart().mergeCart({ guestToken: guest.token }, guest))).toMatchObject({
      code: Code.PermissionDenied,
    });
  });
});

test("an order takes what it bought out of its user's cart, once", async () => {
  const [user, orderId] = [mesh.as("customer"), randomUUID()];
  await cart().addItem({ productId: "pan", quantity: 5 }, user);
  const request = { userId: user.userId, orderId, lines: [{ productId: "pan", quantity: 2 }] };
  const order = mesh.client(CartService, { caller: "order" });
  await Promise.all([1, 2, 3].map(() => order.removePurchased(request)));
  expect((await cart().getCart({}, user)).cart?.itemCount).toBe(3);
  expect(await failing(cart().removePurchased(request))).toMatchObject({ code: Code.PermissionDenied });
});

test("without the catalogue a cart is shown and emptied, but nothing comes in", async () => {
  const user = mesh.as("customer");
  await cart().addItem({ productId: "pan", quantity: 2 }, user);
  await mesh.stop("product");
  expect((await cart().getCart({}, user)).cart).toMatchObject({
    itemCount: 2,
    items: [{ productId: "pan", quantity: 2, availability: Availability.UNSPECIFIED }],
  });
  const error = await failing(cart().addItem({ productId: "pan", quantity: 1 }, user));
  expect(error).toBeInstanceOf(ConnectError);
  expect(error).toMatchObject({ code: Code.Unavailable });
  expect(isFailure(error, MeshReasonSchema, MeshReason.DEPENDENCY_UNAVAILABLE)).toBe(true);
  expect((await cart().removeItem({ productId: "pan" }, user)).cart?.itemCount).toBe(0);
});
