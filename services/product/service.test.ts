import { randomUUID } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type CallOptions, type Client, Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { BadRequestSchema, ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { OrderEventSchema } from "#gen/shop/events/v1/order_event_pb.js";
import type { ProductSchema } from "#gen/shop/product/v1/product_pb.js";
import { ProductOrder, ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { startEvents } from "#kit/events/start-events.ts";
import { createMetrics } from "#kit/metrics.ts";
import { openDatabase } from "#kit/postgres/database.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { main } from "./main.ts";

let mesh: TestMesh;
let edge: Client<typeof ProductService>;
let order: Client<typeof ProductService>;
let admin: CallOptions;

beforeAll(async () => {
  mesh = await startTestMesh({ product: main });
  edge = mesh.client(ProductService);
  order = mesh.client(ProductService, { caller: "order" });
  admin = mesh.as("admin");
  await edge.createCategory({ category: { categoryId: "lighting", name: "Lighting", position: 1 } }, admin);
  await edge.createCategory({ category: { categoryId: "kitchen", name: "Kitchen" } }, admin);
});
afterAll(() => mesh?.close());

type ProductInit = Exclude<MessageInitShape<typeof ProductSchema>, { $typeName: string }>;
const euros = (minorUnits: bigint) => ({ currencyCode: "EUR", minorUnits });
const draft = (init: ProductInit = {}): ProductInit => ({
  name: "Desk lamp",
  categoryId: "lighting",
  price: euros(4900n),
  stock: 5,
  ...init,
});

async function add(init: ProductInit = {}) {
  const { product } = await edge.createProduct({ product: draft(init) }, admin);
  if (product === undefined) throw new Error("No product came back");
  return product;
}

/** The reason of a call's failure, and the fields that it finds wrong. */
async function failureOf(call: Promise<unknown>) {
  const error = ConnectError.from(
    await call.then(
      () => "no failure",
      (error: unknown) => error,
    ),
  );
  const fields = error
    .findDetails(BadRequestSchema)
    .flatMap((it) => it.fieldViolations.map((violation) => violation.field));
  const info = error.findDetails(ErrorInfoSchema)[0];
  return { code: error.code, reason: info?.reason, metadata: info?.metadata, fields };
}

describe("the catalogue", () => {
  it("makes ids from names, each once", async () => {
    expect((await add({ name: "Café lamp" })).productId).toBe("cafe-lamp");
    expect((await add({ name: "Cafe lamp!" })).productId).toBe("cafe-lamp-2");
    expect(await failureOf(add({ productId: "cafe-lamp" }))).toMatchObject({
      reason: "ALREADY_EXISTS",
      metadata: { product_id: "cafe-lamp" },
    });
    expect(await failureOf(add({ categoryId: "nowhere" }))).toMatchObject({
      reason: "CATEGORY_NOT_FOUND",
      metadata: { category_id: "nowhere" },
    });
    const again = edge.createCategory({ category: { categoryId: "kitchen", name: "Kitchen" } }, admin);
    expect(await failureOf(again)).toMatchObject({ code: Code.AlreadyExists, metadata: { category_id: "kitchen" } });
  });

  it("answers a product as it was given", async () => {
    const picture = {
      imageId: "a".repeat(32),
      width: 4,
      height: 3,
      placeholder: new Uint8Array([1, 2, 255]),
      alt: "A lamp",
    };
    const product = await add({ pictures: [picture], attributes: [{ name: "Material", value: "Brass" }] });
    const { productId } = product;
    expect(product.pictures[0]).toMatchObject(picture);
    expect((await edge.getProduct({ productId })).product).toEqual(product);
    const { products } = await edge.batchGetProducts({ productIds: ["no-such-thing", productId, "cafe-lamp"] });
    expect(products.map((it) => it.productId)).toEqual([productId, "cafe-lamp"]);
  });

  it("lists categories in their order, with what is in them", async () => {
    const { categories } = await edge.listCategories({});
    expect(categories.map((it) => it.categoryId)).toEqual(["kitchen", "lighting"]);
    expect(categories[0]?.productCount).toBe(0);
    expect(categories[1]?.productCount).toBeGreaterThan(0);
  });

  it("changes the fields that the mask names, and no others", async () => {
    const { productId, etag } = await add({ description: "Old", stock: 7 });
    const change = {
      product: { productId, description: "New", name: "", stock: 99 },
      updateMask: { paths: ["description"] },
    };
    const { product } = await edge.updateProduct(change, admin);
    expect(product).toMatchObject({ name: "Desk lamp", description: "New", stock: 7 });
    expect(product?.etag).not.toBe(etag);
    expect((await edge.updateProduct(change, admin)).product).toEqual(product);
  });

  it("finds a product by its new words", async () => {
    const { productId } = await add();
    await edge.updateProduct({ product: { productId, name: "Periscope" }, updateMask: { paths: ["name"] } }, admin);
    expect((await edge.listProducts({ query: "periscop" })).products.map((it) => it.productId)).toEqual([productId]);
  });

  it("notices that somebody else was faster", async () => {
    const { productId, etag } = await add();
    const rename = (name: string) =>
      edge.updateProduct({ product: { productId, etag, name }, updateMask: { paths: ["name"] } }, admin);
    await rename("First");
    expect(await failureOf(rename("Second"))).toMatchObject({ code: Code.Aborted, reason: "ETAG_MISMATCH" });
    expect(await failureOf(edge.deleteProduct({ productId, etag }, admin))).toMatchObject({ reason: "ETAG_MISMATCH" });
    await edge.deleteProduct({ productId }, admin);
    await edge.deleteProduct({ productId, etag }, admin);
    expect(await failureOf(edge.getProduct({ productId }))).toMatchObject({
      code: Code.NotFound,
      metadata: { product_id: productId },
    });
    expect(await failureOf(rename("Third"))).toMatchObject({ reason: "PRODUCT_NOT_FOUND" });
  });

  it("pages with tokens that belong to one list", async () => {
    await add({ categoryId: "kitchen", name: "Mug", price: euros(900n) });
    await add({ categoryId: "kitchen", name: "Bowl", price: euros(1900n) });
    const list = { categoryId: "kitchen", orderBy: ProductOrder.PRICE_DESCENDING, pageSize: 1 };
    const first = await edge.listProducts(list);
    const second = await edge.listProducts({ ...list, pageToken: first.nextPageToken });
    expect([...first.products, ...second.products].map((it) => it.name)).toEqual(["Bowl", "Mug"]);
    expect([first.totalSize, second.totalSize, second.nextPageToken]).toEqual([2, 2, ""]);
    const others = [{ orderBy: ProductOrder.NAME }, { query: "mug" }, { inStockOnly: true }, { pageToken: "junk" }];
    for (const other of others) {
      const call = edge.listProducts({ ...list, pageToken: first.nextPageToken, ...other });
      expect(await failureOf(call)).toMatchObject({ code: Code.InvalidArgument, reason: "PAGE_TOKEN_INVALID" });
    }
  });
});

describe("stock", () => {
  const hold = durationFromMs(60_000);
  const newOrder = (productId: string, quantity: number) => ({
    orderId: randomUUID(),
    lines: [{ productId, quantity }],
    hold,
  });

  it("is reserved, sold and given back", async () => {
    const { productId } = await add();
    const request = newOrder(productId, 3);
    const { reservation } = await order.reserveStock(request);
    expect(reservation?.lines[0]).toMatchObject({ productId, name: "Desk lamp", quantity: 3, unitPrice: euros(4900n) });
    const heldMs = Number(reservation?.expireTime?.seconds) * 1000 - Date.now();
    expect(heldMs).toBeGreaterThan(50_000);
    const short = await failureOf(order.reserveStock(newOrder(productId, 3)));
    expect(short).toMatchObject({
      code: Code.FailedPrecondition,
      reason: "OUT_OF_STOCK",
      metadata: { product_id: productId, available: "2" },
    });
    await order.confirmReservation(request);
    await order.releaseReservation(request);
    expect(await failureOf(order.confirmReservation(request))).toMatchObject({
      reason: "RESERVATION_ENDED",
      metadata: { order_id: request.orderId },
    });
    expect((await edge.getProduct({ productId })).product?.stock).toBe(5);
    const metrics = await (await fetch(`${mesh.url("product")}/metrics`)).text();
    expect(metrics).toMatch(/shop_reservations_total\{result="out_of_stock",workload="product"\} 1/);
  });

  it("is adjusted without a change of the etag", async () => {
    const { productId, etag } = await add();
    const request = { productId, delta: -2, requestId: randomUUID() };
    expect((await edge.adjustStock(request, admin)).stock).toBe(3);
    expect((await edge.adjustStock(request, admin)).stock).toBe(3);
    expect((await edge.getProduct({ productId })).product).toMatchObject({ stock: 3, etag });
  });

  it("comes back by itself when a hold is over", { timeout: 20_000 }, async () => {
    const { productId } = await add();
    await order.reserveStock({ ...newOrder(productId, 5), hold: durationFromMs(1000) });
    const stock = async () => (await edge.getProduct({ productId })).product?.stock;
    expect(await stock()).toBe(0);
    await vi.waitFor(async () => expect(await stock()).toBe(5), { timeout: 15_000, interval: 200 });
  });
});

it("counts what was sold from what happens to orders, each event once", async () => {
  const { productId } = await add();
  const database = openDatabase({ url: mesh.postgresUrl, schema: "product", log: mesh.shared.log });
  const events = await startEvents({ database, metrics: createMetrics("test"), log: mesh.shared.log });
  const orderId = randomUUID();
  const lines = [{ productId, quantity: 3 }];
  const tell = async (
    event: Exclude<MessageInitShape<typeof OrderEventSchema>, { $typeName: string }>["event"] & {},
  ) => {
    const message = create(OrderEventSchema, { eventId: randomUUID(), orderId, event });
    await database.transaction((tx) => events.append(tx, OrderEventSchema, message, orderId));
  };
  const sold = async () => (await edge.getProduct({ productId })).product?.soldCount;
  await tell({ case: "placed", value: { lines } });
  await tell({ case: "paid", value: { lines } });
  await vi.waitFor(async () => expect(await sold()).toBe(3n), { timeout: 10_000 });
  await tell({ case: "cancelled", value: { lines, wasPaid: true } });
  await vi.waitFor(async () => expect(await sold()).toBe(0n), { timeout: 10_000 });
  await events.close();
  await database.close();
});

const MASK = { paths: ["name"] };
const line = { productId: "mug", quantity: 1 };
const second = durationFromMs(1000);
const someOrder = "6f2b6a0e-1d0c-4c6e-9f8e-0a4f6f3f9d11";

// Calls with one thing wrong, and the field that the failure names.
const MALFORMED: readonly [
  string,
  (client: { edge: typeof edge; order: typeof order; admin: CallOptions }) => Promise<unknown>,
  string,
][] = [
  ["ListProducts", ({ edge }) => edge.listProducts({ pageSize: 101 }), "page_size"],
  ["ListProducts", ({ edge }) => edge.listProducts({ orderBy: 99 as ProductOrder }), "order_by"],
  ["GetProduct", ({ edge }) => edge.getProduct({ productId: "No!" }), "product_id"],
  ["BatchGetProducts", ({ edge }) => edge.batchGetProducts({ productIds: ["ok", ""] }), "product_ids[1]"],
  [
    "CreateCategory",
    ({ edge, admin }) => edge.createCategory({ category: { categoryId: "x", name: "" } }, admin),
    "category.name",
  ],
  ["CreateProduct", ({ edge, admin }) => edge.createProduct({}, admin), "product"],
  [
    "CreateProduct",
    ({ edge, admin }) => edge.createProduct({ product: draft({ name: "a\0b" }) }, admin),
    "product.name",
  ],
  [
    "CreateProduct",
    ({ edge, admin }) =>
      edge.createProduct(
        { product: { name: "Lamp", categoryId: "lighting", price: { currencyCode: "USD", minorUnits: 1n } } },
        admin,
      ),
    "product.price",
  ],
  [
    "CreateProduct",
    ({ edge, admin }) => edge.createProduct({ product: { name: "No price", categoryId: "lighting" } }, admin),
    "product.price",
  ],
  ["UpdateProduct", ({ edge, admin }) => edge.updateProduct({ updateMask: MASK }, admin), "product"],
  [
    "UpdateProduct",
    ({ edge, admin }) => edge.updateProduct({ product: { name: "x" }, updateMask: MASK }, admin),
    "product.product_id",
  ],
  [
    "UpdateProduct",
    ({ edge, admin }) => edge.updateProduct({ product: { productId: "mug" }, updateMask: MASK }, admin),
    "product.name",
  ],
  [
    "UpdateProduct",
    ({ edge, admin }) => edge.updateProduct({ product: draft({ productId: "mug" }) }, admin),
    "update_mask",
  ],
  [
    "UpdateProduct",
    ({ edge, admin }) => edge.updateProduct({ product: { productId: "mug" }, updateMask: {} }, admin),
    "update_mask",
  ],
  [
    "UpdateProduct",
    ({ edge, admin }) =>
      edge.updateProduct({ product: draft({ productId: "mug" }), updateMask: { paths: ["stock"] } }, admin),
    "update_mask",
  ],
  [
    "UpdateProduct",
    ({ edge, admin }) => edge.updateProduct({ product: { productId: "mug" }, updateMask: { paths: ["price"] } }, admin),
    "product.price",
  ],
  ["DeleteProduct", ({ edge, admin }) => edge.deleteProduct({ productId: "mug", etag: "x".repeat(65) }, admin), "etag"],
  [
    "AdjustStock",
    ({ edge, admin }) => edge.adjustStock({ productId: "mug", delta: 1, requestId: "1" }, admin),
    "request_id",
  ],
  ["ReserveStock", ({ order }) => order.reserveStock({ orderId: "1", lines: [line], hold: second }), "order_id"],
  ["ReserveStock", ({ order }) => order.reserveStock({ orderId: someOrder, lines: [], hold: second }), "lines"],
  ["ReserveStock", ({ order }) => order.reserveStock({ orderId: someOrder, lines: [line] }), "hold"],
  [
    "ReserveStock",
    ({ order }) => order.reserveStock({ orderId: someOrder, lines: [line, line], hold: second }),
    "lines[1].product_id",
  ],
  ["ConfirmReservation", ({ order }) => order.confirmReservation({ orderId: "" }), "order_id"],
  ["ReleaseReservation", ({ order }) => order.releaseReservation({ orderId: "x" }), "order_id"],
];

it.each(MALFORMED)("%s refuses what is malformed: %s", async (_, call, field) => {
  const failure = await failureOf(call({ edge, order, admin }));
  expect(failure).toMatchObject({ code: Code.InvalidArgument, reason: "INVALID_INPUT" });
  expect(failure.fields).toEqual([field]);
});

it("lets only administrators change the catalogue, and only the order service reserve", async () => {
  const { productId } = await add();
  const customer = mesh.as("customer");
  const product = draft({ productId });
  const refused = [
    edge.createProduct({ product }, customer),
    edge.createProduct({ product }),
    edge.createCategory({ category: { categoryId: "mine", name: "Mine" } }, customer),
    edge.updateProduct({ product, updateMask: MASK }, customer),
    edge.deleteProduct({ productId }, customer),
    edge.adjustStock({ productId, delta: 1, requestId: randomUUID() }, customer),
    edge.reserveStock({ orderId: randomUUID(), lines: [{ productId, quantity: 1 }], hold: second }, admin),
    edge.confirmReservation({ orderId: someOrder }, admin),
    edge.releaseReservation({ orderId: someOrder }, admin),
  ];
  const { PermissionDenied: denied, Unauthenticated } = Code;
  const codes = (await Promise.all(refused.map(failureOf))).map((it) => it.code);
  expect(codes).toEqual([denied, Unauthenticated, ...refused.slice(2).map(() => denied)]);
});
