import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Deployment } from "#kit/deployment.ts";
import { contractOf } from "#kit/testing/contract.ts";
import { meshOf } from "../model.ts";
import { readMesh } from "../shop.ts";
import { emitAuthentication } from "./authentication.ts";
import { emitTokenKeys } from "./token-keys.ts";

const objects = (files: ReturnType<typeof emitTokenKeys>) =>
  files.flatMap((file) => parseAllDocuments(file.text).map((it) => it.toJS()));
interface Filter {
  readonly spec: {
    readonly workloadSelector: { readonly labels: Record<string, string> };
    readonly configPatches: [{ readonly match: { context: string }; readonly patch: { readonly value: Value } }];
  };
}
interface Value {
  readonly typed_config: { readonly providers: { "origins-0": { remote_jwks: { http_uri: { cluster: string } } } } };
}
const selected = ({ spec }: Filter) => Object.values(spec.workloadSelector.labels)[0];
const providerOf = ({ spec }: Filter) => spec.configPatches[0].patch.value.typed_config.providers["origins-0"];

const mesh = await readMesh();
const found: Filter[] = objects(emitTokenKeys(mesh));

it("every workload and the ingress fetch keys by the mesh, the issuer from itself", () => {
  const clusters = new Map(found.map((it) => [selected(it), providerOf(it).remote_jwks.http_uri.cluster]));
  const outbound = "outbound|3002||auth.shopmesh.svc.cluster.local";
  const expected = ["edge", ...mesh.workloads.map((it) => it.name)].map(
    (it) => [it, it === "auth" ? "inbound|3002||" : outbound] as const,
  );
  expect([...clusters]).toEqual(expected);
});

it("patches where requests come in: the ingress' listeners, the sidecars' inbound ones", () => {
  const contexts = found.map((it) => [selected(it), it.spec.configPatches[0].match.context]);
  for (const [workload, context] of contexts) expect(context).toBe(workload === "edge" ? "GATEWAY" : "SIDECAR_INBOUND");
});

it("takes the same tokens as the RequestAuthentication, which it replaces in the proxy", () => {
  const [rule] = objects(emitAuthentication(mesh)).find((it) => it.kind === "RequestAuthentication").spec.jwtRules;
  for (const filter of found)
    expect(providerOf(filter)).toMatchObject({
      issuer: rule.issuer,
      audiences: rule.audiences,
      forward: rule.forwardOriginalToken,
      from_headers: rule.fromHeaders.map((it: { name: string; prefix: string }) => ({
        name: it.name,
        value_prefix: it.prefix,
      })),
    });
});

it("leaves out who cannot ask the issuer", () => {
  const size = { cpuMillis: 1, memoryMiB: 1, memoryMaxMiB: 1 };
  const policy = { callers: ["edge"], user: User.ANY, timeout: { seconds: 1n } };
  const contracts = ["cart", "order", "product"].map((it) => contractOf([{ name: "Say", policy }], `test.${it}.v1`));
  const cart: Deployment = {
    store: "none",
    size,
    http: [{ path: "/keys", callers: ["order"] }],
    publishesKeys: { port: 4000, path: "/keys" },
  };
  const plain: Deployment = { store: "none", size };
  const made = (publisher: Deployment) =>
    objects(emitTokenKeys(meshOf(contracts, { cart: publisher, order: plain, product: plain }))).map(selected);
  expect(made(cart)).toEqual(["order"]);
  expect(made({ ...cart, http: [] })).toEqual([]);
  expect(made(plain)).toEqual([]);
});
