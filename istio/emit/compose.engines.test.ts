import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { ADDRESS, card } from "../../services/shop/testing/purchase.ts";
import { buildWebApp } from "../../services/shop/web-build.ts";
import { ROOT } from "../contracts.ts";
import { readMesh } from "../shop.ts";
import { readProject } from "../testing/compose/project.ts";
import { readByReference } from "../testing/compose/reference.ts";
import { type RunningProject, runProject } from "../testing/compose/run.ts";
import { type Container, PROFILES } from "./compose/container.ts";
import { EDGE_PORT, PROMETHEUS_PORT } from "./compose/ports.ts";
import { containerNameOf } from "./compose/workloads.ts";
import { COMPOSE_FILE } from "./compose.ts";

/** Eighteen programs start, on a machine that may be busy. */
const START_MS = 300_000;
const DEMO_MS = 240_000;
const ADMINISTRATOR = { email: "admin@shopmesh.example", password: "shopmesh-dev" };
const PRODUCT = "a-thing";
const STOCK = 5;

const mesh = await readMesh();
const yaml = readFileSync(join(ROOT, COMPOSE_FILE), "utf8");

/** What a container does, as far as this file's tests run it. */
const doings = ({ environment, command, entrypoint, image, user, profiles, healthcheck }: Container) => ({
  environment,
  image,
  user,
  profiles,
  words: [entrypoint ?? [], command ?? [], healthcheck?.test ?? []],
});

it("compose.yaml is to Compose's own library what it is to the tests here", async () => {
  const { services } = await readByReference(COMPOSE_FILE);
  const read = Object.assign({}, ...PROFILES.map((profile) => readProject(yaml, profile).services)) as typeof services;
  expect(Object.keys(read).sort()).toEqual(Object.keys(services).sort());
  for (const [name, it] of Object.entries(read))
    expect(services[name] && doings(services[name]), name).toEqual(doings(it));
});

describe.each(PROFILES)("compose.yaml's profile %s, as processes", (profile) => {
  const project = readProject(yaml, profile);
  let shop: RunningProject;
  beforeAll(async () => {
    await buildWebApp();
    // Grafana is to be had as a container alone; the demo is loaded when there is time for it.
    shop = await runProject(project, ["grafana", "demo"]);
  }, START_MS);
  afterAll(() => shop?.close());

  const edgeUrl = () => `http://127.0.0.1:${shop.portOf("edge", EDGE_PORT)}`;
  const client = (token?: string) => {
    const authenticate: Interceptor = (next) => (request) => {
      if (token !== undefined) request.header.set("authorization", `Bearer ${token}`);
      return next(request);
    };
    return createConnectTransport({ baseUrl: edgeUrl(), httpVersion: "1.1", interceptors: [authenticate] });
  };
  const administratorToken = async () =>
    (await createClient(AuthService, client()).signIn(ADMINISTRATOR)).accessToken?.token;

  it("is well, each container by its own health check", () => {
    const workloads = mesh.workloads.map((it) => containerNameOf(it.name, profile));
    const engines = profile === "full" ? ["mongodb", "redis", "s3", "kafka", "prometheus"] : [];
    expect([...shop.healthy].sort()).toEqual([...workloads, ...engines, "postgres", "web", "edge"].sort());
  });

  it("shows the web app and a picture, and sells", async () => {
    expect(await (await fetch(edgeUrl())).text()).toContain("<title>");
    const admin = client(await administratorToken());
    const png = await sharp({ create: { width: 640, height: 640, channels: 3, background: "teal" } })
      .png()
      .toBuffer();
    const { image } = await createClient(ImageService, admin).uploadImage({ content: png, alt: "teal" });
    const picture = await fetch(`${edgeUrl()}/images/${image?.picture?.imageId}/320.webp`);
    expect([picture.status, picture.headers.get("content-type")]).toEqual([200, "image/webp"]);

    const products = createClient(ProductService, admin);
    await products.createCategory({ category: { categoryId: "tests", name: "Tests" } });

    await products.createProduct({
      product: {
        productId: PRODUCT,
        name: "A thing",
        categoryId: "tests",
        price: { currencyCode: "EUR", minorUnits: 1_250n },
        stock: STOCK,
        pictures: image?.picture ? [image.picture] : [],
      },
    });

    const person = { email: `ada-${profile}@example.com`, password: "correct horse battery", displayName: "Ada" };
    const user = client((await createClient(AuthService, client()).signUp(person)).accessToken?.token);
    await createClient(CartService, user).addItem({ productId: PRODUCT, quantity: 2 });
    const orders = createClient(OrderService, user);
    const { order } = await orders.placeOrder({
      requestId: crypto.randomUUID(),
      shippingAddress: ADDRESS,
      paymentMethod: card(),
    });
    await expect
      .poll(async () => (await orders.getOrder({ orderId: order?.orderId ?? "" })).order?.status, { timeout: 30_000 })
      .toBeGreaterThanOrEqual(OrderStatus.PROCESSING);
    const { product } = await createClient(ProductService, client()).getProduct({ productId: PRODUCT });
    expect(product?.stock).toBe(STOCK - 2);
  });

  it("answers nobody who shows no certificate", async () => {
    const { port } = mesh.workloads.find((it) => it.name === "product") ?? { port: 0 };
    const url = `http://127.0.0.1:${shop.portOf(containerNameOf("product", profile), port)}/metrics`;
    await expect(fetch(url)).rejects.toThrow();
  });

  it.runIf(profile === "full")("is watched: Prometheus has every service's figures, and the rules", async () => {
    const ask = async <T>(path: string) =>
      (
        (await (
          await fetch(`http://127.0.0.1:${shop.portOf("prometheus", PROMETHEUS_PORT)}/api/v1/${path}`)
        ).json()) as { data: T }
      ).data;
    type Targets = { activeTargets: { labels: { job: string }; health: string; lastError: string }[] };
    await expect
      .poll(
        async () =>
          (await ask<Targets>("targets")).activeTargets
            .map((it) => `${it.labels.job} ${it.health}${it.lastError}`)
            .sort(),
        { timeout: 60_000 },
      )
      .toEqual(mesh.workloads.map((it) => `${it.name} up`));
    const { groups } = await ask<{ groups: { name: string }[] }>("rules");
    expect(groups.map((it) => it.name)).toContain("shopmesh-workloads");
  });

  it("fills its shelves by the front door", { timeout: DEMO_MS }, async () => {
    await shop.runOnce("demo");
    const { products } = await createClient(ProductService, client()).listProducts({ pageSize: 50 });
    expect(products).toHaveLength(50);
  });
});
