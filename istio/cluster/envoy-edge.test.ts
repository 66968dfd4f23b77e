import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MeshService } from "#gen/shop/api/v1/mesh_service_pb.js";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { WORKLOAD_HEADER } from "#kit/identity/workload.ts";
import type { Workload } from "#kit/settings.ts";
import { createAuthority } from "#kit/testing/certificates.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { demoShelves } from "../../services/demo/catalogue.ts";
import { loadDemoCatalogue } from "../../services/demo/load.ts";
import { main as edge } from "../../services/edge/main.ts";
import { backend } from "../../services/shop/testing/backend.ts";
import {
  addToCart,
  findTeapot,
  launchBrowser,
  openPage,
  payAtLast,
  seePictures,
  signUpToCheckOut,
  statusOf,
  trusting,
  withoutBrowser,
} from "../../services/shop/testing/browser.ts";
import { buildWebApp } from "../../services/shop/web-build.ts";
import { envoyConfig } from "../emit/envoy/config.ts";
import { findEnvoy, REQUIRE_ENVOY } from "../envoy-binary.ts";
import type { Mesh } from "../model.ts";
import { WEB } from "../names.ts";
import { readMesh } from "../shop.ts";
import { edgeTable } from "../testing/edge-table.ts";
import { startEnvoy, type TestEnvoy } from "../testing/envoy.ts";

const ADMIN = { email: "admin@shopmesh.example", password: "correct horse battery" };
const HOST = "localhost";

const binary = findEnvoy();
describe.skipIf(binary === undefined && !REQUIRE_ENVOY)("a real Envoy in front of the shop", () => {
  const folder = mkdtempSync(join(tmpdir(), "shopmesh-edge-"));
  let contracts: Mesh;
  let shop: TestMesh;
  let envoy: TestEnvoy;
  let ca: string;
  let certificate: string;
  let baseUrl: string;

  beforeAll(async () => {
    await buildWebApp();
    contracts = await readMesh();
    shop = await startTestMesh(
      { ...backend, edge },
      { env: { ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password, FULFILMENT_STEP_SECONDS: "2" } },
    );
    const authority = await createAuthority();
    ca = authority.ca;
    const { cert, key } = await authority.issue({ hosts: [HOST] });
    certificate = cert;
    const files = { certificate: join(folder, "edge.crt"), key: join(folder, "edge.key") };
    writeFileSync(files.certificate, cert);
    writeFileSync(files.key, key, { mode: 0o600 });
    const config = envoyConfig(contracts, {
      addressesOf(workload) {
        const { hostname: host, port } = new URL(shop.url((workload === WEB.name ? "edge" : workload) as Workload));
        return [{ host, port: Number(port) }];
      },
      host: "127.0.0.1",
      httpPort: 0,
      https: { port: 0, ...files },
      proof: shop.prove("edge")[WORKLOAD_HEADER] ?? "",
      origins: [],
    });
    envoy = await startEnvoy(binary ?? "envoy", config);
    baseUrl = `https://${HOST}:${envoy.port("https")}`;
  });
  afterAll(async () => {
    await envoy?.close();
    await shop?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const transport = () => createConnectTransport({ baseUrl, httpVersion: "2", nodeOptions: { ca } });
  const get = (path: string) =>
    new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; body: Buffer }>(
      (resolve, reject) => {
        const request = https.get(`${baseUrl}${path}`, { ca }, async (response) => {
          const { statusCode: status, headers } = response;
          resolve({ status, headers, body: Buffer.concat(await response.toArray()) });
        });
        request.on("error", reject);
      },
    );

  it("answers every RPC, in every protocol, for every kind of user, as its contract says", async () => {
    const auth = createClient(AuthService, transport());
    const customer = { email: "ada@example.com", password: "correct horse battery", displayName: "Ada" };
    const [guest, signedUp, signedIn] = await Promise.all([
      auth.signInAsGuest({}),
      auth.signUp(customer),
      auth.signIn(ADMIN),
    ]);
    const admin = signedIn.accessToken?.token ?? "";
    const [head, , signature = ""] = admin.split(".");
    const table = await edgeTable({ baseUrl, nodeOptions: { ca } }, contracts, {
      guest: guest.accessToken?.token ?? "",
      customer: signedUp.accessToken?.token ?? "",
      admin,
      expired: shop.as("admin", undefined, -3_600).token,
      forged: `${head}.${shop.as("admin").token.split(".")[1]}.${signature}`,
    });
    expect(table.wrong).toEqual([]);
    expect(table.calls).toBeGreaterThan(500);
  }, 120_000);

  it("shows the web app, compressed and under its own policy, over HTTPS alone", async () => {
    const page = await get("/products");
    expect(page).toMatchObject({
      status: 200,
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": expect.stringContaining("default-src 'none'"),
        "strict-transport-security": expect.stringMatching(/^max-age=\d{8}/),
        "x-content-type-options": "nosniff",
      },
    });
    expect(page.headers.server).toBeUndefined();
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(page.body.toString())?.[1] ?? "";
    expect((await get(script)).headers["cache-control"]).toContain("immutable");
    const plain = `http://${HOST}:${envoy.port("http")}/products?query=lamp`;
    const sent = await fetch(plain, { redirect: "manual" });
    expect(sent.status).toBe(308);
    expect(sent.headers.get("location")).toMatch(/^https:\/\/localhost(:\d+)?\/products\?query=lamp$/);
    expect(sent.headers.get("strict-transport-security")).toBeNull();
  });

  it("hands pictures over from the service that keeps them", async () => {
    const { status, headers } = await get("/images/018f2b6a-0000-7000-8000-000000000000/320.webp");
    expect(status).toBe(404);
    expect(headers["content-security-policy"]).toBeDefined();
    await expect.poll(() => envoy.counter("cluster.image.upstream_rq_total")).toBeGreaterThan(0);
  });

  it("lets the first message of a stream through while the stream goes on", async () => {
    const client = createClient(MeshService, transport());
    for await (const { status } of client.watchStatus({})) {
      expect(status).toBeDefined();
      break;
    }
  });

  it.skipIf(withoutBrowser)(
    "sells something to a browser, and shows it the order on its way to the door",
    async () => {
      const clients = {
        products: createClient(ProductService, transport()),
        images: createClient(ImageService, transport()),
      };
      const { accessToken } = await createClient(AuthService, transport()).signIn(ADMIN);
      await loadDemoCatalogue({
        clients,
        token: accessToken?.token ?? "",
        shelves: demoShelves.slice(0, 2),
        log: shop.shared.log,
        signal: AbortSignal.timeout(60_000),
      });
      const browser = await launchBrowser(trusting(certificate));
      try {
        const { page, complaints } = await openPage(browser, { baseURL: baseUrl }, "/");
        await findTeapot(page);
        await addToCart(page);
        await seePictures(page);
        await signUpToCheckOut(page);
        await payAtLast(page);
        await expect.poll(() => statusOf(page), { timeout: 30_000 }).toBe("Delivered");
        expect(complaints.filter((it) => !it.includes("the server responded with a status"))).toEqual([]);
      } finally {
        await browser.close();
      }
    },
    120_000,
  );
});
