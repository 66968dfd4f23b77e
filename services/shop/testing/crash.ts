import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect } from "vitest";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { backend } from "./backend.ts";
import { type Books, openBooks } from "./books.ts";
import { ADDRESS, card, seedProduct } from "./purchase.ts";

const CHILD = fileURLToPath(new URL("./crash-child.ts", import.meta.url));
const PRODUCT_ID = "crash-test";
const INITIAL_STOCK = 1_000;
const QUANTITY = 2;
const MOMENTS_MAX = 60;
const REST_TRIES = 400;
const REST_PAUSE_MS = 50;

/** What the buyer does with the replica that is going to be killed. */
interface Doings {
  /** The replica that is killed at its moment. */
  readonly doomed: Client<typeof OrderService>;
  /** The one that lives on. */
  readonly orders: Client<typeof OrderService>;
  readonly user: { readonly headers: { readonly authorization: string } };
  readonly request: Parameters<Client<typeof OrderService>["placeOrder"]>[0] & object;
}

/** One way a checkout can go, and how it must end. */
export interface Scenario {
  readonly card: string;
  readonly expected: OrderStatus;
  /** Before the doomed replica is started. */
  readonly before?: (doings: Omit<Doings, "doomed">) => Promise<void>;
  /** Fails when the replica is killed within. */
  readonly during: (doings: Doings) => Promise<unknown>;
  /** What the buyer does, not knowing how it ended. */
  readonly after: (doings: Omit<Doings, "doomed">) => Promise<unknown>;
  /** Calls that must have been moments to die at. */
  readonly writes: readonly string[];
}

/** Settings of the shop beyond those of a test: where it keeps what, if not all in PostgreSQL. */
export type CrashTestEnv = Readonly<Record<string, string>>;

interface CrashTest {
  readonly mesh: TestMesh;
  readonly books: Books;
  readonly env: CrashTestEnv;
}

/** A shop with one order replica that lives, and the means to start another that is killed. */
async function createCrashTest(env: CrashTestEnv): Promise<CrashTest> {
  const { auth, product, cart, order } = backend;
  const { POSTGRES_URL: postgresUrl, MONGODB_URL: mongodbUrl } = env;
  const mesh = await startTestMesh(
    { auth, product, cart, order },
    { env: { SIMULATE_FULFILMENT: "false", ...env }, ...(postgresUrl !== undefined && { postgresUrl }) },
  );
  const books = await openBooks({ postgresUrl: mesh.postgresUrl, mongodbUrl });
  await seedProduct(mesh, PRODUCT_ID, INITIAL_STOCK);
  return { mesh, books, env };
}

async function startDoomed({ mesh, env: shopEnv }: CrashTest, crashAt: number) {
  const env = {
    ...process.env,
    ...shopEnv,
    CRASH_AT: `${crashAt}`,
    DATA_DIR: mesh.shared.settings.dataDir,
    POSTGRES_URL: mesh.postgresUrl,
    LOG_LEVEL: "silent",
    SIMULATE_FULFILMENT: "false",
    ORDER_PORT: "0",
    PRODUCT_URL: mesh.url("product"),
    CART_URL: mesh.url("cart"),
    AUTH_URL: mesh.url("auth"),
  };
  const child = spawn(process.execPath, [CHILD], { env, stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const ended = once(child, "exit");
  const [line] = (await Promise.race([
    once(child.stdout, "data"),
    ended.then(() => Promise.reject(new Error(errors))),
  ])) as [Buffer];
  const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${line.toString().trim()}` });
  return { child, ended, client: createClient(OrderService, transport), killed: () => errors.trim() };
}

/** Waits until no checkout has a step left to take; false if `stop` says to wait no longer. */
async function rest(test: CrashTest, stop: () => boolean = () => false): Promise<boolean> {
  for (let tries = 0; tries < REST_TRIES; tries++) {
    if (stop()) return false;
    if ((await test.books.unfinished()) === 0) return true;
    await new Promise((resolve) => setTimeout(resolve, REST_PAUSE_MS));
  }
  throw new Error("The checkouts did not come to rest");
}

/** What must hold for ever, whatever was killed when. */
async function checkInvariants({ books }: CrashTest): Promise<void> {
  // Where it takes several steps to put pieces back, another process may still be about to take the last one.
  await expect
    .poll(async () => {
      const { stock, held, sold } = await books.stockOf(PRODUCT_ID);
      return stock + held + sold;
    })
    .toBe(INITIAL_STOCK);
  expect(await books.wrongCharges()).toBe(0);
}

/** Lets one buyer through the scenario with a replica that dies at a moment. Answers where it died; "" if it did not. */
async function playThrough(test: CrashTest, scenario: Scenario, crashAt: number): Promise<string> {
  const { mesh, books } = test;
  const email = `${randomUUID()}@example.com`;
  const { accessToken } = await mesh
    .client(AuthService)
    .signUp({ email, password: "correct horse", displayName: "Ada" });
  const user = { headers: { authorization: `Bearer ${accessToken?.token}` } };
  await mesh.client(CartService).addItem({ productId: PRODUCT_ID, quantity: QUANTITY }, user);
  const request = { requestId: randomUUID(), shippingAddress: ADDRESS, paymentMethod: card(scenario.card) };
  const orders = mesh.client(OrderService);
  const living = { orders, user, request };
  await scenario.before?.(living);
  await rest(test);

  const doomed = await startDoomed(test, crashAt);
  let dead = false;
  void doomed.ended.then(() => (dead = true));
  await scenario.during({ ...living, doomed: doomed.client }).catch(() => {});
  // A buyer has an answer before the last steps are taken.
  await rest(test, () => dead);
  doomed.child.kill("SIGTERM");
  await doomed.ended;

  // Time passes: the dead replica's hold on the order ends, and the other one takes over.
  await books.hurry();
  await rest(test);
  await checkInvariants(test);
  await scenario.after(living).catch(() => {});
  await rest(test);
  await checkInvariants(test);
  const { orders: placed } = await orders.listOrders({}, user);
  expect(
    placed.map((it) => OrderStatus[it.status]),
    doomed.killed(),
  ).toEqual([OrderStatus[scenario.expected]]);
  return doomed.killed();
}

/** Kills a replica before and after each write of the scenario, one after the other, and checks how things stand. */
export async function killAtEveryMoment(scenario: Scenario, env: CrashTestEnv = {}): Promise<void> {
  const test = await createCrashTest(env);
  try {
    const places: string[] = [];
    for (let crashAt = 1; crashAt <= MOMENTS_MAX; crashAt++) {
      const place = await playThrough(test, scenario, crashAt);
      if (place === "") break;
      places.push(place);
    }
    for (const write of scenario.writes) {
      expect(places).toContain(`killed before ${write}`);
      expect(places).toContain(`killed after ${write}`);
    }
  } finally {
    await test.books.close();
    await test.mesh.close();
  }
}
