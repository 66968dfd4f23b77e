import { randomUUID } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { currentCall } from "#kit/call.ts";
import { endOf } from "#kit/testing/call.ts";
import { startRedis } from "#kit/testing/engines/redis.ts";
import type { TestServer } from "#kit/testing/engines/server.ts";
import { eventually } from "#kit/testing/eventually.ts";
import { fakeMain } from "#kit/testing/fake.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { createMain } from "./main.ts";

const PASSWORD = "correct horse battery";
/** SignInAsGuest, from one address. */
const GUESTS_A_MINUTE = 60;
const authMain = createMain({ passwordCost: 4, onAdministratorCreated: () => {} });
/** Another service: it answers whoever has a token, and one of its calls goes on until it is ended. */
const orderMain = fakeMain(OrderService, {
  listOrders: async () => ({}),
  async *watchOrder() {
    const { signal } = currentCall() ?? {};
    yield {};
    await new Promise((resolve) => signal?.addEventListener("abort", resolve));
  },
});

let redis: TestServer;
let one: TestMesh;
let two: TestMesh;
beforeAll(async () => {
  redis = await startRedis();
  const env = { REDIS_URL: redis.url };
  one = await startTestMesh({ auth: authMain, order: orderMain }, { env });
  two = await startTestMesh({ auth: authMain, order: orderMain }, { env, postgresUrl: one.postgresUrl });
});
afterAll(async () => {
  await two?.close();
  await one?.close();
  await redis?.close();
});

/** Somebody who is signed in at the first replica. */
async function signUp() {
  const transport = createConnectTransport({ baseUrl: one.url("auth"), httpVersion: "1.1" });
  let cookie = "";
  const auth = createClient(AuthService, transport);
  const { accessToken } = await auth.signUp(
    { email: `${randomUUID()}@shop.example`, password: PASSWORD, displayName: "Ada" },
    { onHeader: (header) => (cookie = header.get("set-cookie")?.split(";", 1)[0] ?? "") },
  );
  const token = { headers: { authorization: `Bearer ${accessToken?.token}` } };
  return { token, signOut: () => auth.signOut({}, { headers: { cookie } }) };
}

const comeTo = (mesh: TestMesh, token: { headers: { authorization: string } }) =>
  endOf(() => mesh.client(OrderService).listOrders({}, token));

describe("a session that ends at one replica", () => {
  it("has ended at all services of all replicas, with its streams", async () => {
    const [ada, bob] = [await signUp(), await signUp()];
    expect([await comeTo(one, ada.token), await comeTo(two, ada.token)]).toEqual(["OK", "OK"]);
    const stream = two.client(OrderService).watchOrder({ orderId: randomUUID() }, ada.token)[Symbol.asyncIterator]();
    await stream.next();
    const startMs = performance.now();
    await ada.signOut();
    expect(await comeTo(one, ada.token)).toBe("TOKEN_INVALID");
    expect(await endOf(() => stream.next())).toBe("TOKEN_INVALID");
    await eventually(async () => expect(await comeTo(two, ada.token)).toBe("TOKEN_INVALID"));
    expect(performance.now() - startMs).toBeLessThan(3_000);
    expect([await comeTo(one, bob.token), await comeTo(two, bob.token)]).toEqual(["OK", "OK"]);
  });

  it("can be ended while Redis is away, which the others learn later; calls go on", async () => {
    const [ada, bob] = [await signUp(), await signUp()];
    await redis.kill();
    await ada.signOut();
    expect(await comeTo(one, ada.token)).toBe("TOKEN_INVALID");
    expect([await comeTo(two, ada.token), await comeTo(two, bob.token)]).toEqual(["OK", "OK"]);
    await redis.restart();
    await eventually(async () => expect(await comeTo(two, ada.token)).toBe("TOKEN_INVALID"));
    expect(await comeTo(two, bob.token)).toBe("OK");
  });
});

describe("a rate limit", () => {
  it("counts the calls at all replicas together, and each replica by itself while Redis is away", async () => {
    const guestAt = (mesh: TestMesh) => endOf(() => mesh.client(AuthService).signInAsGuest({}));
    const startMs = performance.now();
    const ends: (string | undefined)[] = [];
    for (let n = 0; n < GUESTS_A_MINUTE; n++) ends.push(await guestAt(one), await guestAt(two));
    const passed = ends.filter((it) => it === "OK").length;
    expect(new Set(ends)).toEqual(new Set(["OK", "RATE_LIMITED"]));
    expect(passed).toBeGreaterThanOrEqual(GUESTS_A_MINUTE);
    expect(passed).toBeLessThanOrEqual(GUESTS_A_MINUTE + (performance.now() - startMs) / 1_000 + 1);
    await redis.kill();
    // Each has made about half of the calls, and lets the other half through.
    const alone: (string | undefined)[] = [];
    for (let n = 0; n < GUESTS_A_MINUTE; n++) alone.push(await guestAt(two));
    expect(new Set(alone)).toEqual(new Set(["OK", "RATE_LIMITED"]));
    await redis.restart();
    await eventually(async () => expect(await guestAt(one)).toBe("RATE_LIMITED"));
  });
});
