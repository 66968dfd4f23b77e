import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MeshService } from "#gen/shop/api/v1/mesh_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { sentenceOf } from "./errors.ts";
import { createShopTransport } from "./transport.ts";

const servers: http.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

type Answer = readonly [status: number, body: string, type?: string];

/** A shop that answers like this, but a new token with an empty cart; and the tokens it was shown. */
async function shop(refusal: Answer): Promise<{ baseUrl: string; shown: unknown[] }> {
  const shown: unknown[] = [];
  const server = http.createServer((request, response) => {
    const { authorization } = request.headers;
    shown.push(authorization);
    const [status, body, type = "text/plain"] =
      authorization !== "Bearer new" ? refusal : ([200, "{}", "application/json"] as const);
    request.resume().on("end", () => response.writeHead(status, { "content-type": type }).end(body));
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, shown };
}

const session = () => ({ token: async () => "old", replace: vi.fn(async () => "new") });
const reason = (name: string) => {
  // google.rpc.ErrorInfo: reason (1), domain (2).
  const field = (number: number, text: string) => [(number << 3) | 2, text.length, ...Buffer.from(text)];
  const value = Buffer.from([...field(1, name), ...field(2, "shop.mesh")]).toString("base64");
  return [{ type: "google.rpc.ErrorInfo", value }];
};
const connectError = (code: string, name: string): string =>
  JSON.stringify({ code, message: "refused", details: reason(name) });

describe("a token that is over", () => {
  it.each<[string, Answer]>([
    ["a service", [401, connectError("unauthenticated", "TOKEN_INVALID"), "application/json"]],
    ["a proxy in front of it", [401, "Jwt is expired"]],
  ])("is replaced once when %s refuses it", async (_, refusal) => {
    const { baseUrl, shown } = await shop(refusal);
    const held = session();
    await createClient(CartService, createShopTransport(baseUrl, held)).getCart({});
    expect(shown).toEqual(["Bearer old", "Bearer new"]);
    expect(held.replace).toHaveBeenCalledExactlyOnceWith("old");
  });

  it("is replaced when a stream is refused, for whoever opens it again", async () => {
    const { baseUrl } = await shop([401, "Jwt is expired"]);
    const held = session();
    const stream = createClient(MeshService, createShopTransport(baseUrl, held)).watchStatus({});
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toThrow();
    expect(held.replace).toHaveBeenCalledExactlyOnceWith("old");
  });
});

describe("what a proxy refuses without a reason", () => {
  it.each<[number, string, Code, string]>([
    [403, "RBAC: access denied", Code.PermissionDenied, "may not do this"],
    [404, "not found", Code.Unimplemented, "went wrong on our side"],
    [429, "local_rate_limited", Code.Unavailable, "cannot be reached"],
    [503, "no healthy upstream", Code.Unavailable, "cannot be reached"],
    [504, "upstream request timeout", Code.Unavailable, "cannot be reached"],
  ])("%i (%s) is told in words and tried no second time", async (status, body, code, words) => {
    const { baseUrl, shown } = await shop([status, body]);
    const held = session();
    const call = createClient(CartService, createShopTransport(baseUrl, held)).getCart({});
    const error = await call.catch((it: unknown) => it);
    expect(ConnectError.from(error).code).toBe(code);
    expect(sentenceOf(error)).toContain(words);
    expect(shown).toHaveLength(1);
    expect(held.replace).not.toHaveBeenCalled();
  });
});

it("tells somebody without a token whom a proxy refuses to sign in", async () => {
  const { baseUrl } = await shop([403, "RBAC: access denied"]);
  const transport = createShopTransport(baseUrl, { token: async () => undefined, replace: async () => undefined });
  const { listOrders } = createClient(OrderService, transport);
  expect(sentenceOf(await listOrders({}).catch((it: unknown) => it))).toContain("sign in");
});
