import { describe, expect, it } from "vitest";
import { ATTEMPTS_MAX } from "#kit/client/retry.ts";
import { LIMITS } from "#kit/server/limits.ts";
import { calleesOf } from "../model.ts";
import { hostOf } from "../names.ts";
import { readMesh } from "../shop.ts";
import { CONNECT_TIMEOUT_MS, destinationRulesOf, IDLE_TIMEOUT_MS } from "./traffic/destination-rule.ts";
import { sidecarsOf } from "./traffic/sidecar.ts";
import { duration } from "./traffic/treatment.ts";
import { virtualServiceOf } from "./traffic/virtual-service.ts";

const mesh = await readMesh();
const calls = mesh.workloads.flatMap((workload) => {
  const routes = virtualServiceOf(workload).spec?.http ?? [];
  return workload.methods.map((method) => ({
    workload: workload.name,
    port: workload.port,
    method,
    path: method.path,
    routes,
  }));
});

describe.each(calls)("$path at $workload", ({ workload, port, method, routes }) => {
  const matching = routes.filter((it) => it.match?.some(({ uri }) => uri?.exact === method.path));
  const [route] = matching;

  it("has one route, to the workload", () => {
    expect(matching).toHaveLength(1);
    expect(route?.route).toEqual([{ destination: { host: hostOf(workload), port: { number: port } } }]);
  });

  it("is cut after the contract's time, and a stream never", () => {
    expect(route?.timeout).toBe(method.kind === "unary" ? duration(method.timeoutMs ?? 0) : undefined);
  });

  it("is sent again only where the contract allows it", () => {
    const repeatable = method.kind === "unary" && method.idempotency !== "none";
    expect(route?.retries?.attempts).toBe(repeatable ? ATTEMPTS_MAX - 1 : 0);
    // Istio refuses conditions without attempts.
    expect(route?.retries?.retryOn === undefined).toBe(!repeatable);
  });
});

describe("what no contract knows", () => {
  it.each(mesh.workloads)("goes to $name once, and is cut as well", (workload) => {
    const last = virtualServiceOf(workload).spec?.http?.at(-1);
    expect(last?.match).toBeUndefined();
    expect(last?.retries).toEqual({ attempts: 0 });
    expect(last?.timeout).toBeDefined();
  });

  it("is met by no route before the last", () => {
    const routes = mesh.workloads.flatMap((it) => virtualServiceOf(it).spec?.http?.slice(0, -1) ?? []);
    for (const it of routes) expect(it.match).not.toHaveLength(0);
  });
});

describe("sidecars", () => {
  const sidecars = sidecarsOf(mesh);
  const hostsOf = (name: string) =>
    sidecars
      .filter((it) => it.metadata?.name === name)
      .flatMap((it) => it.spec?.egress ?? [])
      .flatMap((it) => it.hosts);

  it.each(mesh.workloads)("let $name see whom it calls and its store, and nothing else", ({ name, deployment }) => {
    const seen = [...calleesOf(mesh, name), ...(deployment.store === "none" ? [] : ["postgres"])];
    const expected = seen.length === 0 ? ["~/*"] : seen.map((it) => `./${hostOf(it)}`);
    expect(hostsOf(name).toSorted()).toEqual(expected.toSorted());
  });

  it("let the web app's server see nothing, and what nobody knows the edge", () => {
    expect(hostsOf("web")).toEqual(["~/*"]);
    expect(hostsOf("default")).toEqual([`./${hostOf("edge-istio")}`]);
  });

  it("let nothing out that is not registered, and only the default is for all pods", () => {
    for (const { metadata, spec } of sidecars) {
      expect(spec?.outboundTrafficPolicy?.mode).toBe("REGISTRY_ONLY");
      expect(spec?.workloadSelector === undefined).toBe(metadata?.name === "default");
    }
  });
});

describe("connections", () => {
  const rules = destinationRulesOf(mesh);

  it("are closed by the caller's proxy before the service does", () => {
    expect(IDLE_TIMEOUT_MS).toBeLessThan(Math.min(LIMITS.keepAliveTimeoutMs, LIMITS.idleTimeoutMs));
  });

  it("are given up while there is time for another replica", () => {
    for (const { method } of calls)
      expect(method.timeoutMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(CONNECT_TIMEOUT_MS);
  });

  it("go to the replica with the least to do, or to the same for the same", () => {
    const affinities = new Map(mesh.workloads.map((it) => [it.name, it.deployment.affinity]));
    for (const { metadata, spec } of rules) {
      const affinity = affinities.get(metadata?.name ?? "");
      const { simple, consistentHash } = spec?.trafficPolicy?.loadBalancer ?? {};
      if (affinity === undefined) expect(simple).toBe("LEAST_REQUEST");
      else expect(consistentHash?.httpHeaderName).toBe(affinity === "path" ? ":path" : "authorization");
    }
    expect(rules.some((it) => it.spec?.trafficPolicy?.loadBalancer?.consistentHash !== undefined)).toBe(true);
  });

  it("never lose both of two replicas for what one of them says", () => {
    for (const { spec } of rules) {
      const { consecutive5xxErrors, maxEjectionPercent = 100 } = spec?.trafficPolicy?.outlierDetection ?? {};
      expect(maxEjectionPercent).toBeLessThanOrEqual(50);
      expect(consecutive5xxErrors).toBe(0);
    }
  });
});
