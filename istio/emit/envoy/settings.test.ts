import { describe, expect, it } from "vitest";
import { readSettings } from "#kit/settings.ts";
import { envoyOptions } from "./settings.ts";

const optionsOf = (env: Record<string, string>) => envoyOptions(readSettings(env), env);

describe("where an Envoy stands", () => {
  it("is in front of a shop on this machine, whose edge has the web app's files", () => {
    const options = optionsOf({});
    expect(options.addressesOf("product")).toEqual([{ host: "127.0.0.1", port: 3_001 }]);
    expect(options.addressesOf("web")).toEqual([{ host: "127.0.0.1", port: 8_080 }]);
    expect(options).toMatchObject({ httpPort: 8_081, origins: [], proof: "%ENVIRONMENT(EDGE_PROOF)%" });
    expect(options.https).toBeUndefined();
  });

  it("is where the settings say, in front of the replicas that they name", () => {
    const options = optionsOf({
      PRODUCT_URL: "http://10.0.0.1:3001, http://[fd00::2]:3001",
      ENVOY_HTTP_PORT: "80",
      ENVOY_HTTPS_PORT: "443",
      ENVOY_CERT: "/etc/edge.crt",
      ENVOY_KEY: "/etc/edge.key",
      ENVOY_ORIGINS: "https://app.example, https://shop.example:8443",
    });
    expect(options.addressesOf("product")).toEqual([
      { host: "10.0.0.1", port: 3_001 },
      { host: "fd00::2", port: 3_001 },
    ]);
    expect(options).toMatchObject({
      httpPort: 80,
      https: { port: 443, certificate: "/etc/edge.crt", key: "/etc/edge.key" },
      origins: ["https://app.example", "https://shop.example:8443"],
    });
  });

  it("shows its certificate where workloads know each other by theirs", () => {
    const options = optionsOf({
      TLS_CERT: "/tls/{workload}.crt",
      TLS_KEY: "/tls/{workload}.key",
      TLS_CA: "/tls/ca.crt",
    });
    expect(options.proof).toBeUndefined();
    expect(options.workloadTls?.files).toEqual({ cert: "/tls/edge.crt", key: "/tls/edge.key", ca: "/tls/ca.crt" });
    expect(options.workloadTls?.idOf("product")).toBe("spiffe://cluster.local/ns/shopmesh/sa/product");
  });

  it.each<[Record<string, string>, string]>([
    [{ ENVOY_CERT: "/etc/edge.crt" }, "ENVOY_CERT and ENVOY_KEY go together"],
    [{ ENVOY_HTTP_PORT: "http" }, "ENVOY_HTTP_PORT"],
    [{ ENVOY_ORIGINS: "https://app.example/shop" }, "ENVOY_ORIGINS"],
    [{ ENVOY_ORIGINS: "*" }, "ENVOY_ORIGINS"],
  ])("%o is refused with a sentence", (env, words) => {
    expect(() => optionsOf(env)).toThrow(words);
  });

  it("cannot be found where a port is free to choose", () => {
    expect(() => optionsOf({ CART_PORT: "0" }).addressesOf("cart")).toThrow("CART_PORT is 0");
  });
});
