import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { check } from "./healthcheck.ts";
import { fakeMain } from "./testing/fake.ts";
import { startTlsMesh, type TlsMesh } from "./tls/testing/tls-mesh.ts";

const program = (...words: string[]) => ["node", ...words];
const nobody = () => [];

/** A service whose store is away: it lives, and is not ready. */
const answers: http.RequestListener = ({ url }, response) =>
  void response.writeHead(url === "/health" ? 200 : 503).end(url === "/health" ? "ok\n" : "Its store is away.\n");

let server: http.Server;
let port: string;
beforeAll(async () => {
  server = http.createServer(answers).listen(0, "127.0.0.1");
  await once(server, "listening");
  port = `${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

describe("the health of a container", () => {
  it("is that the process answers, and its readiness is asked for by name", async () => {
    const env = { ORDER_PORT: port };
    expect(await check(["order"], env, nobody)).toEqual({ healthy: true, sentence: "ok" });
    expect(await check(["order", "/ready"], env, nobody)).toEqual({ healthy: false, sentence: "Its store is away." });
  });

  it.each([
    ["a service", program("services/order/main.ts"), "ORDER_PORT"],
    ["a service behind an init", ["/sbin/docker-init", "--", ...program("/app/services/edge/main.ts")], "EDGE_PORT"],
    ["the web app's files", program("--max-old-space-size=64", "services/edge/web.ts"), "WEB_PORT"],
  ])("is that of what its first process runs: %s", async (_, commandLine, variable) => {
    expect(await check([], { [variable]: port }, () => commandLine)).toEqual({ healthy: true, sentence: "ok" });
  });

  it.each([
    ["migrating", program("services/order/main.ts", "migrate")],
    ["loading the demo", program("services/demo/main.ts")],
    ["something else", ["sh"]],
  ])("is not asked for while it does a task: %s", async (_, commandLine) => {
    expect(await check([], {}, () => commandLine)).toMatchObject({ healthy: true });
  });

  it.each([[["/metrics"]], [["order", "cart"]], [["order", "/ready", "/health"]], [["gateway"]]])(
    "is not found out by %s, and the answer says how",
    async (words) => {
      await expect(check(words, {}, nobody)).rejects.toThrow("Usage: node services/kit/healthcheck.ts");
    },
  );

  it("ends with 1 where nobody listens", async () => {
    const path = fileURLToPath(new URL("./healthcheck.ts", import.meta.url));
    const child = spawn(process.execPath, [path, "order"], { env: { PATH: process.env.PATH, ORDER_PORT: "1" } });
    const [code] = await once(child, "close");
    expect(code).toBe(1);
  });
});

describe("where services speak TLS", () => {
  let mesh: TlsMesh;
  beforeAll(async () => {
    mesh = await startTlsMesh(["product"]);
    await mesh.start("product", fakeMain(ProductService, {}));
  });
  afterAll(() => mesh.close());

  it("is asked for without a certificate, and does not hang on theirs", async () => {
    const { cert, key, ca } = mesh.filesOf("product");
    const env = { TLS_CERT: cert, TLS_KEY: key, TLS_CA: ca, PRODUCT_PORT: `${mesh.port("product")}` };
    await rm(cert);
    expect(await check(["product"], env, nobody)).toEqual({ healthy: true, sentence: "ok" });
    expect(await check(["product", "/ready"], env, nobody)).toEqual({ healthy: true, sentence: "ready" });
  });
});
