import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Deployment } from "#kit/deployment.ts";
import { contractOf } from "#kit/testing/contract.ts";
import { type MeshError, meshOf } from "../model.ts";
import { readMesh } from "../shop.ts";
import { emitAuthentication } from "./authentication.ts";

const size = { cpuMillis: 1, memoryMiB: 1, memoryMaxMiB: 1 };
const plain: Deployment = { store: "none", size };
const publishing: Deployment = { ...plain, publishesKeys: { port: 4000, path: "/keys" } };

/** The mesh of two services, whose calls are for this user. */
function meshWith(user: User, cart: Deployment, order: Deployment) {
  const policy = { callers: ["edge"], user, timeout: { seconds: 1n } };
  const contracts = ["cart", "order"].map((it) => contractOf([{ name: "Say", policy }], `test.${it}.v1`));
  return meshOf(contracts, { cart, order });
}

const objects = (mesh: Parameters<typeof emitAuthentication>[0]) =>
  emitAuthentication(mesh).flatMap((file) => parseAllDocuments(file.text).map((it) => it.toJS()));
const faults = (emit: () => unknown) => {
  try {
    emit();
  } catch (error) {
    return (error as MeshError).faults;
  }
  return [];
};

it("asks for mutual TLS everywhere but at the one port where keys are published", async () => {
  const found = objects(await readMesh()).filter((it) => it.kind === "PeerAuthentication");
  expect(found.map((it) => it.spec)).toEqual([
    { mtls: { mode: "STRICT" } },
    {
      selector: { matchLabels: { "app.kubernetes.io/name": "auth" } },
      mtls: { mode: "STRICT" },
      portLevelMtls: { "3902": { mode: "DISABLE" } },
    },
  ]);
});

it("takes tokens of the shop's issuer alone, from one header alone, and leaves them for the process", async () => {
  const found = objects(await readMesh()).filter((it) => it.kind === "RequestAuthentication");
  expect(found).toHaveLength(1);
  expect(found[0].spec).toEqual({
    jwtRules: [
      {
        issuer: "shopmesh",
        audiences: ["shopmesh"],
        jwksUri: "http://auth.shopmesh.svc:3902/.well-known/jwks.json",
        fromHeaders: ["Bearer ", "bearer "].map((prefix) => ({ name: "authorization", prefix })),
        forwardOriginalToken: true,
      },
    ],
  });
});

it("follows the service that publishes the keys", () => {
  const found = objects(meshWith(User.GUEST, plain, publishing));
  expect(found[1].spec).toMatchObject({ portLevelMtls: { "4000": {} } });
  expect(found[2].spec.jwtRules[0].jwksUri).toBe("http://order.shopmesh.svc:4000/keys");
});

it("needs no tokens where no call asks for a user", () => {
  expect(objects(meshWith(User.ANY, plain, plain)).map((it) => it.kind)).toEqual(["PeerAuthentication"]);
});

it("stops where calls ask for a user whom nothing could check, and says which", () => {
  expect(faults(() => emitAuthentication(meshWith(User.GUEST, plain, plain)))).toEqual([
    expect.stringContaining("/test.cart.v1.EchoService/Say asks for a user"),
    expect.stringContaining("/test.order.v1.EchoService/Say asks for a user"),
  ]);
});

it("stops where two publish keys", () => {
  expect(faults(() => emitAuthentication(meshWith(User.ANY, publishing, publishing)))).toEqual([
    expect.stringContaining("cart publishes keys"),
    expect.stringContaining("order publishes keys"),
  ]);
});
