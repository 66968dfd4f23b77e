import { describe, expect, it } from "vitest";
import { readSettings } from "../settings.ts";
import { StartError } from "../start-error.ts";

const TLS = { TLS_CERT: "/tls/tls.crt", TLS_KEY: "/tls/tls.key", TLS_CA: "/tls/ca.crt" };
const realm = { trustDomain: "cluster.local", namespace: "shopmesh" };

describe("how workloads know each other", () => {
  it.each([
    [{}, { kind: "proof" }],
    [{ WORKLOAD_IDENTITY: "" }, { kind: "proof" }],
    [
      { WORKLOAD_IDENTITY: "istio" },
      { kind: "istio", realm: { ...realm, accounts: { edge: "edge-istio" } }, forwardedPorts: true },
    ],
    [
      { WORKLOAD_IDENTITY: "istio", ENVIRONMENT: "prod", TRUST_DOMAIN: "shop.example", NAMESPACE: "store" },
      {
        kind: "istio",
        realm: { trustDomain: "shop.example", namespace: "store", accounts: { edge: "edge-istio" } },
        forwardedPorts: false,
      },
    ],
    [TLS, { kind: "tls", realm, files: { cert: TLS.TLS_CERT, key: TLS.TLS_KEY, ca: TLS.TLS_CA } }],
    [
      { ...TLS, WORKLOAD_IDENTITY: "tls", PRODUCT_URL: "https://product:3001" },
      { kind: "tls", realm, files: { cert: TLS.TLS_CERT, key: TLS.TLS_KEY, ca: TLS.TLS_CA } },
    ],
  ])("%j", (env, identity) => {
    expect(readSettings(env).identity).toEqual(identity);
  });

  it.each([
    [{ WORKLOAD_IDENTITY: "mtls" }, "WORKLOAD_IDENTITY", "one of proof, istio, tls"],
    [{ WORKLOAD_IDENTITY: "tls" }, "WORKLOAD_IDENTITY", "TLS_CERT, TLS_KEY and TLS_CA must be set"],
    [{ WORKLOAD_IDENTITY: "istio", ...TLS }, "WORKLOAD_IDENTITY", "unset them"],
    [{ WORKLOAD_IDENTITY: "proof", ...TLS }, "WORKLOAD_IDENTITY", "unset them"],
    [{ TLS_KEY: "/tls/tls.key" }, "TLS_CERT and TLS_CA are missing", "go together"],
    [{ ...TLS, TLS_KEY: "" }, "TLS_KEY is missing", "go together"],
    [{ ...TLS, PRODUCT_URL: "https://a,http://b" }, "PRODUCT_URL", "https://"],
    [{ TRUST_DOMAIN: "spiffe://x" }, "TRUST_DOMAIN", "a name of lower-case letters"],
    [{ NAMESPACE: "a/b" }, "NAMESPACE", "a name of lower-case letters"],
    [{ CONTRACT_CHECK: "false" }, "CONTRACT_CHECK", "one of on, off"],
    [{ CONTRACT_CHECK: "off", ENVIRONMENT: "prod" }, "CONTRACT_CHECK", "ENVIRONMENT must be dev, not prod"],
    [{ CONTRACT_CHECK: "off", ENVIRONMENT: "qat" }, "CONTRACT_CHECK", "ENVIRONMENT must be dev, not qat"],
  ])("%j stops the start with a sentence", (env, variable, says) => {
    const start = () => readSettings(env);
    expect(start).toThrow(StartError);
    expect(start).toThrow(variable);
    expect(start).toThrow(says);
  });

  it("holds calls to the contract unless a developer says otherwise", () => {
    expect(readSettings({}).contractCheck).toBe(true);
    expect(readSettings({ CONTRACT_CHECK: "off" }).contractCheck).toBe(false);
  });
});
