import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { services } from "#gen/services.js";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Deployment } from "#kit/deployment.ts";
import { contractOf, type TestRpc } from "#kit/testing/contract.ts";
import { MeshError } from "./faults.ts";
import { callersOf, meshOf } from "./model.ts";
import { readDeployments, readMesh } from "./shop.ts";

const size = { cpuMillis: 10, memoryMiB: 64, memoryMaxMiB: 128 };
const plain: Deployment = { store: "none", size };
const policy = { callers: ["edge"], user: User.ANY, timeout: { seconds: 1n } };

/** The mesh of two made-up services, of which "cart" has this RPC. */
function meshWith(rpc: Partial<TestRpc>, cart: Deployment = plain) {
  const contracts = [
    contractOf([{ name: "Say", policy, ...rpc }], "test.cart.v1"),
    contractOf([{ name: "Say", policy }], "test.order.v1"),
  ];
  return meshOf(contracts, { cart, order: plain });
}

const INEXPRESSIBLE: Readonly<Record<string, [Partial<TestRpc>, string]>> = {
  "has no timeout": [{ policy: { callers: ["edge"], user: User.ANY } }, "has no timeout"],
  "names a caller that is no workload": [{ policy: { ...policy, callers: ["ordr"] } }, `the caller "ordr"`],
  "names a caller twice": [{ policy: { ...policy, callers: ["order", "order"] } }, "a caller twice"],
  "names callers beside everybody": [{ policy: { ...policy, callers: ["*", "order"] } }, "names callers besides"],
  "is open to all workloads for some users": [
    { policy: { ...policy, callers: ["*"], user: User.ADMIN } },
    "not to every user",
  ],
  "limits clients it does not have": [
    { policy: { ...policy, callers: ["order"], rateLimit: { requests: 1, period: { seconds: 1n } } } },
    "no client can",
  ],
  "is a stream with an end": [{ streams: true }, "a stream with a timeout"],
  "is a stream to be repeated": [
    { streams: true, policy: { callers: ["edge"], user: User.ANY }, idempotency: Idempotency.IDEMPOTENT },
    "a stream that calls itself idempotent",
  ],
  "has a timeout that no proxy's clock shows": [
    { policy: { ...policy, timeout: { nanos: 1_500_000 } } },
    "finer than a millisecond",
  ],
  "promises more than everything": [
    { policy: { ...policy, objective: { latencyMs: 5, availability: 1 } } },
    "between 0 and 1",
  ],
  "promises an answer after it was cut": [
    { policy: { ...policy, objective: { latencyMs: 1_001, availability: 0.9 } } },
    "is cut after 1000 ms",
  ],
};

describe("a contract that the mesh cannot hold to", () => {
  it.each(Object.entries(INEXPRESSIBLE))("because a call %s is refused with the reason", (_, [rpc, reason]) => {
    expect(() => meshWith(rpc)).toThrow(MeshError);
    expect(() => meshWith(rpc)).toThrow(reason);
    expect(() => meshWith(rpc)).toThrow("test.cart.v1.EchoService/Say");
  });

  it("is one with a call that has no policy", () => {
    const contracts = [contractOf([{ name: "Say" }], "test.cart.v1")];
    expect(() => meshOf(contracts, { cart: plain })).toThrow("EchoService/Say has no (shop.mesh.v1.policy)");
  });

  it("is refused with all its faults at once", () => {
    const faults = () => meshWith({ streams: true, policy: { ...policy, callers: ["ordr", "edg"] } });
    expect(faults).toThrow(/"ordr".*"edg".*a stream with a timeout/s);
  });

  it("is one whose service says nothing about itself, or that describes a service nobody has", () => {
    const contracts = [contractOf([{ name: "Say", policy }], "test.cart.v1")];
    expect(() => meshOf(contracts, {})).toThrow("services/cart/deployment.ts");
    expect(() => meshOf(contracts, { cart: plain, ghost: plain })).toThrow("services/ghost/deployment.ts");
  });
});

describe("a service that the mesh has no place for", () => {
  it.each(["gift_card", "web", "postgres", "kafka", "grafana", "edge", "demo"])("is %s", (name) => {
    const contracts = [contractOf([{ name: "Say", policy }], `test.${name}.v1`)];
    expect(() => meshOf(contracts, { [name]: plain }, [], { [name]: 3000 })).toThrow(`"${name}" is no name`);
  });

  it("is one whose engines have nothing to take over, or take over the same twice", () => {
    const contracts = [contractOf([{ name: "Say", policy }], "test.cart.v1")];
    const onRedis = { keeps: "data", on: "redis" } as const;
    const meshWithEngines = (it: Partial<Deployment>) => meshOf(contracts, { cart: { ...plain, ...it } });
    expect(() => meshWithEngines({ engines: [onRedis] })).toThrow(
      'keeps nothing (store: "none") that redis could take',
    );
    const twice = [onRedis, { ...onRedis, on: "mongodb" } as const];
    expect(() => meshWithEngines({ store: "postgres", engines: twice })).toThrow("names two engines for its data");
  });

  it("is one without a port", () => {
    const contracts = [contractOf([{ name: "Say", policy }], "test.cart.v1")];
    expect(() => meshOf(contracts, { cart: plain }, [], {})).toThrow("cart has no port");
  });
});

describe("the graph of calls", () => {
  it("has an arrow for each caller that a contract names, and for who asks by plain HTTP", () => {
    const mesh = meshWith(
      { policy: { ...policy, callers: ["order"] } },
      { ...plain, http: [{ path: "/keys", callers: ["*"] }] },
    );
    expect(mesh.graph).toEqual([
      { caller: "edge", callee: "order" },
      { caller: "order", callee: "cart" },
    ]);
  });

  it("has none for what is open to everybody", () => {
    expect(meshWith({ policy: { ...policy, callers: ["*"] } }).graph).toEqual([{ caller: "edge", callee: "order" }]);
  });
});

describe("the shop's mesh", () => {
  it("has every service of the contracts, each with its own calls and those that all have", async () => {
    const { workloads } = await readMesh();
    const own = services.filter((it) => !it.typeName.startsWith("shop.mesh.")).flatMap((it) => it.methods);
    const paths = workloads.flatMap((it) => it.methods.filter((method) => !method.common).map((method) => method.path));
    expect(paths.toSorted()).toEqual(own.map((it) => `/${it.parent.typeName}/${it.name}`).toSorted());
    const common = workloads.map((it) => it.methods.filter((method) => method.common).map((method) => method.path));
    for (const paths of common) expect(paths).toEqual(common[0]);
    expect(common[0]).toContain("/grpc.health.v1.Health/Check");
  });

  it("lets nobody but the edge and its services in", async () => {
    const mesh = await readMesh();
    const names = [...Object.keys(await readDeployments()), "edge"];
    for (const { name } of mesh.workloads) expect(names).toEqual(expect.arrayContaining(callersOf(mesh, name)));
  });
});
