import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WORKLOAD_HEADER } from "#kit/identity/workload.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { main as edge } from "../../services/edge/main.ts";
import { backend } from "../../services/shop/testing/backend.ts";
import { envoyConfig } from "../emit/envoy/config.ts";
import { findEnvoy } from "../envoy-binary.ts";
import { WEB } from "../names.ts";
import { readMesh } from "../shop.ts";
import { edgeTable } from "../testing/edge-table.ts";
import { startEnvoy, type TestEnvoy } from "../testing/envoy.ts";

const binary = findEnvoy();
describe.skipIf(binary === undefined)("a real Envoy as the edge", () => {
  let shop: TestMesh;
  let envoy: TestEnvoy;
  beforeAll(async () => {
    shop = await startTestMesh({ ...backend, edge });
    const addressesOf = (workload: string) => {
      const { hostname: host, port } = new URL(shop.url((workload === WEB.name ? "edge" : workload) as never));
      return [{ host, port: Number(port) }];
    };
    const config = envoyConfig(await readMesh(), {
      addressesOf,
      host: "127.0.0.1",
      httpPort: 0,
      origins: [],
      proof: shop.prove("edge")[WORKLOAD_HEADER] ?? "",
    });
    envoy = await startEnvoy(binary ?? "", config);
  });
  afterAll(async () => {
    await envoy?.close();
    await shop?.close();
  });

  it("the table", async () => {
    const tokens = {
      guest: shop.as("guest").token,
      customer: shop.as("customer").token,
      admin: shop.as("admin").token,
      expired: shop.as("admin", undefined, -60).token,
      forged: `${shop.as("admin").token.slice(0, -4)}AAAA`,
    };
    const { calls, wrong } = await edgeTable(
      { baseUrl: `http://127.0.0.1:${envoy.port("http")}` },
      await readMesh(),
      tokens,
    );
    console.log(calls, envoy.output().slice(-1500));
    expect(wrong).toEqual([]);
  }, 120_000);
});
