import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { edgePaths } from "#gen/edge-paths.js";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { services } from "#gen/services.js";
import { MeshService } from "#gen/shop/api/v1/mesh_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { currentCall } from "#kit/call.ts";
import { failureMetadata, isFailure } from "#kit/failure.ts";
import type { Main } from "#kit/kit.ts";
import { policyOf } from "#kit/policy.ts";
import { fakeMain } from "#kit/testing/fake.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { createEdgeHandler } from "./handler.ts";
import { createRoutes } from "./routes.ts";

/** The edge without the web app. */
const edge: Main = (kit) => kit.listen(createEdgeHandler(kit, (_, response) => void response.writeHead(404).end()));

let mesh: TestMesh;
beforeAll(async () => {
  const product = fakeMain(ProductService, {
    getProduct: (_, { requestHeader }) => {
      const { caller, clientAddress } = currentCall() ?? {};
      const scheme = requestHeader.get("x-forwarded-proto");
      return { product: { productId: "seen", name: `${caller} ${clientAddress} ${scheme}` } };
    },
  });
  const api = fakeMain(MeshService, {
    async *watchStatus(_, { signal }) {
      yield { status: { healthy: true } };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  });
  mesh = await startTestMesh({ product, api, edge });
});
afterAll(() => mesh.close());

describe("the edge", () => {
  it("knows a route for exactly the RPCs whose contract names it", () => {
    const routes = createRoutes(services, edgePaths);
    for (const service of services) {
      for (const method of service.methods) {
        const open = policyOf(method).callers.includes("edge");
        const workload = routes.workloadOf(`/${service.typeName}/${method.name}`);
        expect(workload, `${service.typeName}/${method.name}`).toBe(open ? service.typeName.split(".")[1] : undefined);
      }
    }
    expect(routes.workloadOf("/images/0/320.webp")).toBe("image");
    expect(routes.workloadOf("/.well-known/jwks.json")).toBeUndefined();
    expect(routes.workloadOf("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")).toBeUndefined();
  });

  it.each([
    ["Connect", createConnectTransport],
    ["gRPC-Web", createGrpcWebTransport],
  ])(
    "forwards %s calls as itself, with the address and the scheme it saw, whatever the client claims",
    async (_, createTransport) => {
      const client = createClient(ProductService, createTransport({ baseUrl: mesh.url("edge") }));
      const headers = { "x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "https", ...mesh.prove("order") };
      const { product } = await client.getProduct({ productId: "seen" }, { headers });
      expect(product?.name).toMatch(/^edge (::ffff:)?127\.0\.0\.1 http$/);
    },
  );

  it("lets a stream's first message through while the stream goes on, and tells the service when the browser leaves", async () => {
    const client = createClient(MeshService, createConnectTransport({ baseUrl: mesh.url("edge") }));
    for await (const { status } of client.watchStatus({})) {
      expect(status?.healthy).toBe(true);
      break;
    }
  });

  it("says that a part is away when its service is, when to try again, and that nothing can have come of it", async () => {
    await mesh.stop("api");
    const api = createClient(MeshService, createConnectTransport({ baseUrl: mesh.url("edge") }));
    const error = ConnectError.from(await api.getStatus({}).catch((it: unknown) => it));
    expect(error.code).toBe(Code.Unavailable);
    expect(isFailure(error, ErrorReasonSchema, ErrorReason.DEPENDENCY_UNAVAILABLE)).toBe(true);
    expect(failureMetadata(error)).toEqual({ reached: "no" });
    expect(error.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds).toBe(1n);
  });

  it("does not say so of a service that goes away while it has the request", async () => {
    const dying = http.createServer((request) => request.socket.destroy()).listen(0, "127.0.0.1");
    await once(dying, "listening");
    mesh.shared.addresses.set("cart", `http://127.0.0.1:${(dying.address() as AddressInfo).port}`);
    const cart = createClient(CartService, createConnectTransport({ baseUrl: mesh.url("edge") }));
    const error = await cart.clearCart({}, mesh.as("guest")).catch((it: unknown) => it);
    dying.close();
    expect(isFailure(error, ErrorReasonSchema, ErrorReason.DEPENDENCY_UNAVAILABLE)).toBe(true);
    expect(failureMetadata(error)).toEqual({});
  });
});
