import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MeshService } from "#gen/shop/api/v1/mesh_service_pb.js";
import { StorefrontService } from "#gen/shop/api/v1/storefront_service_pb.js";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { fakeMain, NO_KEYS } from "#kit/testing/fake.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { main } from "./main.ts";

let mesh: TestMesh;
const client = () => mesh.client(MeshService);

beforeAll(async () => {
  mesh = await startTestMesh({
    product: fakeMain(ProductService, { listCategories: () => ({}), listProducts: () => ({}) }),
    auth: fakeMain(AuthService, {}, NO_KEYS),
    order: fakeMain(OrderService, {}),
    cart: fakeMain(CartService, {}),
    image: fakeMain(ImageService, {}),
    api: main,
  });
});
afterAll(() => mesh?.close());

const healthAll = async () => {
  const response = await fetch(`${mesh.url("api")}/health/all`);
  return {
    status: response.status,
    body: (await response.json()) as { healthy: boolean; workloads: Record<string, unknown> },
  };
};

test("the state of the mesh is all services, and who calls whom", async () => {
  await mesh.client(StorefrontService).getHome({});
  await mesh.client(ProductService).listCategories({});
  const { status } = await client().getStatus({});
  expect(status?.workloads.map((it) => it.workload)).toEqual(["api", "product", "auth", "order", "cart", "image"]);
  expect(status?.edges.map(({ caller, callee, count, errors }) => [caller, callee, count, errors])).toEqual([
    ["edge", "api", 1n, 0n],
    ["api", "product", 3n, 0n],
    ["edge", "product", 1n, 0n],
  ]);
  expect(status?.edges[1]?.callsPerSecond).toBeGreaterThan(0);
  expect(await healthAll()).toMatchObject({ status: 200, body: { healthy: true } });
});

test("who watches sees a service go away, until they stop watching", async () => {
  const abort = new AbortController();
  const away: string[][] = [];
  const watching = (async () => {
    for await (const { status } of client().watchStatus({}, { signal: abort.signal })) {
      away.push(status?.workloads.filter((it) => !it.ready).map((it) => it.workload) ?? []);
      if (away.length === 1) await mesh.stop("cart");
      else if (status?.healthy === false) abort.abort();
    }
  })();
  const error = await watching.catch((it: unknown) => it);
  expect(ConnectError.from(error).code).toBe(Code.Canceled);
  expect([away[0], away.at(-1)]).toEqual([[], ["cart"]]);
  const { status } = await client().getStatus({});
  expect(status?.workloads[4]).toMatchObject({
    workload: "cart",
    ready: false,
    notReadyReason: "It cannot be reached.",
  });
  const cart = { ready: false, reason: "It cannot be reached." };
  expect(await healthAll()).toMatchObject({
    status: 503,
    body: { healthy: false, workloads: { cart, api: { ready: true } } },
  });
  // A part that is away does not take the pages down.
  expect((await fetch(`${mesh.url("api")}/ready`)).status).toBe(200);
});
