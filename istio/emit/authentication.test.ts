import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Deployment } from "#kit/deployment.ts";
import { contractOf } from "#kit/testing/contract.ts";
import type { MeshError } from "../faults.ts";
import { meshOf } from "../model.ts";
import { readMesh } from "../shop.ts";
import { emitAuthentication } from "./authentication.ts";
import { KEYLESS } from "./keyless.ts";

const plain: Deployment = { store: "none", size: { cpuMillis: 1, memoryMiB: 1, memoryMaxMiB: 1 } };
const issuer: Deployment = { ...plain, http: [{ path: "/keys", callers: ["*"] }], publishesKeys: "/keys" };

/** The mesh of two services, whose calls are for this user. */
function meshWith(user: User, cart: Deployment, order: Deployment, callers = ["edge"]) {
  const policy = { callers, user, timeout: { seconds: 1n } };
  const contracts = ["cart", "order"].map((it) => contractOf([{ name: "Say", policy }], `test.${it}.v1`));
  return meshOf(contracts, { cart, order });
}

const objects = (mesh: Parameters<typeof emitAuthentication>[0]) =>
  emitAuthentication(mesh).flatMap((file) => parseAllDocuments(file.text).map((it) => it.toJS()));
const requestsOf = (mesh: Parameters<typeof emitAuthentication>[0]) =>
  objects(mesh).filter((it) => it.kind === "RequestAuthentication");
const faults = (emit: () => unknown) => {
  try {
    emit();
  } catch (error) {
    return (error as MeshError).faults;
  }
  return [];
};

it("asks for mutual TLS everywhere, without an exception", async () => {
  const found = objects(await readMesh()).filter((it) => it.kind === "PeerAuthentication");
  expect(found.map((it) => it.spec)).toEqual([{ mtls: { mode: "STRICT" } }]);
});

it("looks at tokens at the ingress and at every service, and nowhere else", async () => {
  const mesh = await readMesh();
  const [atEdge, ...others] = requestsOf(mesh).map((it) => it.spec);
  expect(atEdge.targetRefs).toEqual([{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "edge" }]);
  expect(others.map((it) => it.selector.matchLabels)).toEqual(
    mesh.workloads.map((it) => ({ "app.kubernetes.io/name": it.name })),
  );
});

it("takes tokens of the shop's issuer alone, from one header alone, and leaves them for the process", async () => {
  for (const { spec } of requestsOf(await readMesh()))
    expect(spec.jwtRules).toEqual([
      {
        issuer: "shopmesh",
        audiences: ["shopmesh"],
        jwks: JSON.stringify({ keys: [KEYLESS] }),
        fromHeaders: ["Bearer ", "bearer "].map((prefix) => ({ name: "authorization", prefix })),
        forwardOriginalToken: true,
      },
    ]);
});

it("leaves out an ingress that cannot ask the issuer for keys", () => {
  const names = (callers: string[]) =>
    requestsOf(meshWith(User.ANY, plain, issuer, callers)).map((it) => it.metadata.name);
  expect(names(["edge"])).toEqual(["edge", "cart", "order"]);
  expect(names(["cart"])).toEqual(["cart", "order"]);
});

it("needs no tokens where no call asks for a user", () => {
  expect(requestsOf(meshWith(User.ANY, plain, plain))).toEqual([]);
});

it.each<[string, Deployment, Deployment, string[]]>([
  [
    "whom nothing could check",
    plain,
    plain,
    ["/test.cart.v1.EchoService/Say asks", "/test.order.v1.EchoService/Say asks"],
  ],
  ["and two issue tokens", issuer, issuer, ["cart issues tokens", "order issues tokens"]],
  ["and the keys are not published", plain, { ...issuer, http: [] }, ["order publishes keys at /keys, but"]],
  [
    "and not everybody may read the keys",
    { ...issuer, http: [{ path: "/keys", callers: ["order"] }] },
    plain,
    ["cart publishes keys at /keys, but"],
  ],
])("stops where calls ask for a user %s", (_, cart, order, expected) => {
  const found = faults(() => emitAuthentication(meshWith(User.GUEST, cart, order)));
  expect(found).toEqual(expected.map((it) => expect.stringContaining(it)));
});
