import { generateKeyPairSync } from "node:crypto";
import type { ServerResponse } from "node:http";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import jwt from "jsonwebtoken";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserService } from "#gen/shop/auth/v1/user_service_pb.js";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { currentCall } from "#kit/call.ts";
import { TOKEN_ISSUER } from "#kit/identity/access-token.ts";
import type { Main } from "#kit/kit.ts";
import { fakeMain } from "#kit/testing/fake.ts";
import { startTlsMesh, type TlsMesh } from "#kit/tls/testing/tls-mesh.ts";
import { createEdgeHandler } from "./handler.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const keys = [{ ...publicKey.export({ format: "jwk" }), kid: "one" }];
const send = (response: ServerResponse, type: string, text: string) =>
  void response.writeHead(200, { "content-type": type }).end(text);

const edge: Main = (kit) => kit.listen(createEdgeHandler(kit, (_, response) => void response.writeHead(404).end()));

let mesh: TlsMesh;
beforeAll(async () => {
  mesh = await startTlsMesh(["auth", "product", "image", "edge"]);
  const jwks = (_: unknown, response: unknown) =>
    send(response as ServerResponse, "application/json", JSON.stringify({ keys }));
  await mesh.start("auth", fakeMain(UserService, {}, { "/.well-known/jwks.json": jwks }));
  const picture = (_: unknown, response: unknown) => send(response as ServerResponse, "image/webp", "a picture");
  await mesh.start("image", fakeMain(ImageService, {}, { "/images/": picture }));
  await mesh.start(
    "product",
    fakeMain(ProductService, {
      getProduct: () => {
        const { caller, user, clientAddress } = currentCall() ?? {};
        return { product: { productId: "seen", name: `${caller} ${user?.userId} ${clientAddress}` } };
      },
    }),
  );
  await mesh.start("edge", edge);
});
afterAll(() => mesh.close());

const url = () => `http://127.0.0.1:${mesh.port("edge")}`;

describe("the edge, where services speak TLS", () => {
  it("forwards calls under its certificate, and services check tokens with keys that come by TLS as well", async () => {
    const token = jwt.sign({ sid: "one", role: "customer" }, privateKey, {
      algorithm: "ES256",
      keyid: "one",
      subject: "ada",
      issuer: TOKEN_ISSUER,
      audience: TOKEN_ISSUER,
      expiresIn: 60,
    });
    const client = createClient(ProductService, createConnectTransport({ baseUrl: url() }));
    const headers = { authorization: `Bearer ${token}`, "x-forwarded-for": "6.6.6.6" };
    const { product } = await client.getProduct({ productId: "seen" }, { headers });
    expect(product?.name).toMatch(/^edge ada (::ffff:)?127\.0\.0\.1$/);
  });

  it("forwards pictures", async () => {
    expect(await (await fetch(`${url()}/images/one/320.webp`)).text()).toBe("a picture");
  });

  it("does not forward to another service than it means", async () => {
    const before = mesh.shared.addresses.get("image") ?? "";
    mesh.shared.addresses.set("image", mesh.shared.addresses.get("product") ?? "");
    expect((await fetch(`${url()}/images/one/320.webp`)).status).toBe(503);
    mesh.shared.addresses.set("image", before);
  });
});
