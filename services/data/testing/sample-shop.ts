import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll } from "vitest";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { testPicture } from "../../image/testing.ts";
import { backend } from "../../shop/testing/backend.ts";
import { ADDRESS, card, fillCart, seedProduct } from "../../shop/testing/purchase.ts";

/** A place for a shop: its settings as variables, and as a file that the tool reads. */
export interface SamplePlace {
  readonly env: Readonly<Record<string, string>>;
  readonly file: string;
}

/** Somebody with an account: call options with an access token, and a signed-in browser's cookie. */
export type Buyer = ReturnType<TestMesh["as"]> & { readonly cookie: string };

/** What was done in a sample shop, to look for it elsewhere. */
export interface SampleDoings {
  /** Call options of somebody with an account. */
  readonly buyer: Buyer;
  readonly orderId: string;
  /** Holds two "desk" for an order that nobody knows. */
  readonly heldFor: string;
  readonly pictureId: string;
}

/** Pieces of "desk" that are on sale after the doings. */
export const DESKS_ON_SALE = 10 - 1 - 2 + 5;

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((it) => rm(it, { recursive: true, force: true }))));

/** A folder that goes when the test file has ended. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "shopmesh-data-"));
  folders.push(folder);
  return folder;
}

/** A place with these settings, in a folder of its own. */
export async function samplePlace(env: Readonly<Record<string, string>>): Promise<SamplePlace> {
  const folder = await testFolder();
  const all = { DATA_DIR: folder, SIMULATE_FULFILMENT: "false", ...env };
  const file = join(folder, "settings.env");
  await writeFile(file, Object.entries(all).map(([name, value]) => `${name}="${value}"\n`).join("")); // biome-ignore format: one thought
  return { env: all, file };
}

/** Starts the shop that is kept at a place. */
export function startSample({ env }: SamplePlace): Promise<TestMesh> {
  return startTestMesh(backend, { env, ...(env.POSTGRES_URL !== undefined && { postgresUrl: env.POSTGRES_URL }) });
}

/** Makes an account, as a browser does. */
export async function signUp(mesh: TestMesh): Promise<Buyer> {
  let cookie = "";
  const transport = createConnectTransport({
    baseUrl: mesh.url("auth"),
    httpVersion: "1.1",
    interceptors: [
      (next) => async (request) => {
        for (const [name, value] of Object.entries(mesh.prove("edge"))) request.header.set(name, value);
        const response = await next(request);
        cookie = response.header.get("set-cookie")?.split(";")[0] ?? cookie;
        return response;
      },
    ],
  });
  const account = { email: `${randomUUID()}@example.com`, password: "correct horse", displayName: "Ada" };
  const { user, accessToken } = await createClient(AuthService, transport).signUp(account);
  const token = accessToken?.token ?? "";
  return { headers: { authorization: `Bearer ${token}` }, userId: user?.userId ?? "", token, cookie };
}

/** Whether a browser with this cookie is still signed in. */
export async function isSignedIn(mesh: TestMesh, { cookie }: Buyer): Promise<boolean> {
  const transport = createConnectTransport({ baseUrl: mesh.url("auth"), httpVersion: "1.1" });
  const headers = { ...mesh.prove("edge"), cookie };
  return createClient(AuthService, transport)
    .refreshToken({}, { headers })
    .then(
      () => true,
      () => false,
    );
}

/** Buys what is in the cart. @returns the order's id */
export async function buy(mesh: TestMesh, buyer: Buyer): Promise<string> {
  const purchase = { requestId: randomUUID(), shippingAddress: ADDRESS, paymentMethod: card() };
  const { order } = await mesh.client(OrderService).placeOrder(purchase, buyer);
  return order?.orderId ?? "";
}

/** Does in a shop what happens in shops: something of every kind that is kept. */
export async function useSample(mesh: TestMesh): Promise<SampleDoings> {
  const admin = mesh.as("admin");
  const products = mesh.client(ProductService);
  await seedProduct(mesh, "desk", 10);
  await seedProduct(mesh, "lamp", 20);
  await seedProduct(mesh, "gone", 5);
  await products.deleteProduct({ productId: "gone" }, admin);
  await products.adjustStock({ productId: "desk", delta: 5, requestId: randomUUID() }, admin);
  const content = await testPicture(300, 200).png().toBuffer();
  const { image } = await mesh.client(ImageService).uploadImage({ content, alt: "A green mark" }, admin);

  const buyer = await signUp(mesh);
  await fillCart(mesh, buyer, { desk: 1 });
  const orderId = await buy(mesh, buyer);
  await fillCart(mesh, buyer, { lamp: 3, desk: 1 });
  const heldFor = randomUUID();
  const hold = { orderId: heldFor, lines: [{ productId: "desk", quantity: 2 }], hold: { seconds: 3_600n } };
  await mesh.client(ProductService, { caller: "order" }).reserveStock(hold);
  return { buyer, orderId, heldFor, pictureId: image?.picture?.imageId ?? "" };
}

/** What is in a buyer's cart, sorted: "3 lamp". What was bought goes only after the order is paid, so the order of lines is not sure. */
export async function cartOf(mesh: TestMesh, buyer: Buyer): Promise<string[]> {
  const { cart } = await mesh.client(CartService).getCart({}, buyer);
  return (cart?.items.map((it) => `${it.quantity} ${it.productId}`) ?? []).sort();
}
