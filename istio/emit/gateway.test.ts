import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import type { IHTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import type { IEnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { ATTEMPTS_MAX } from "#kit/client/retry.ts";
import type { Deployment } from "#kit/deployment.ts";
import { contractOf, type TestRpc } from "#kit/testing/contract.ts";
import { EDGE, type Mesh, meshOf } from "../model.ts";
import { readMesh } from "../shop.ts";
import { PEOPLE_PER_ADDRESS } from "./edge/limits.ts";
import { emitGateway } from "./gateway.ts";

const deployment: Deployment = { store: "none", size: { cpuMillis: 10, memoryMiB: 64, memoryMaxMiB: 128 } };
const policy = { callers: ["edge"], user: User.ANY, timeout: { seconds: 3n } };

const meshWith = (...rpcs: TestRpc[]) => meshOf([contractOf(rpcs, "shop.cart.v1")], { cart: deployment });
const objectsOf = (mesh: Mesh) =>
  emitGateway(mesh).flatMap(({ text }) => parseAllDocuments(text).map((it) => it.toJS() as { kind: string }));
const ofKind = <T>(mesh: Mesh, kind: string) => objectsOf(mesh).filter((it) => it.kind === kind) as unknown as T[];
const rulesOf = (mesh: Mesh) => ofKind<IHTTPRoute>(mesh, "HTTPRoute").flatMap((it) => it.spec.rules ?? []);
const ruleOf = (mesh: Mesh) => rulesOf(mesh).find((it) => it.matches?.[0]?.path?.value?.endsWith("/Say"));
const patchesOf = (mesh: Mesh) =>
  ofKind<IEnvoyFilter>(mesh, "EnvoyFilter").flatMap((it) => it.spec?.configPatches ?? []);
const patchOf = (mesh: Mesh, name: string | undefined): unknown =>
  patchesOf(mesh).find((it) => it.match?.routeConfiguration?.vhost?.route?.name === name)?.patch?.value;

describe("the ingress", () => {
  it("knows exactly the RPCs that name it, each by its own path", async () => {
    const mesh = await readMesh();
    const wanted = mesh.workloads.flatMap((it) => it.methods).filter((it) => it.callers.includes(EDGE));
    const exact = rulesOf(mesh).flatMap((it) => it.matches?.filter((match) => match.path?.type === "Exact") ?? []);
    expect(exact.map((it) => it.path?.value).sort()).toEqual(wanted.map((it) => it.path).sort());
  });

  it("keeps within what Gateway API takes, however many calls there are", () => {
    const rpcs = Array.from({ length: 40 }, (_, index) => ({ name: `Say${index}`, policy }));
    const routes = ofKind<IHTTPRoute>(meshWith(...rpcs), "HTTPRoute");
    for (const { spec } of routes) expect(spec.rules?.length).toBeLessThanOrEqual(16);
    expect(new Set(routes.map((it) => it.metadata?.name)).size).toBe(routes.length);
  });

  it("patches no route that is not there", async () => {
    const mesh = await readMesh();
    const names = rulesOf(mesh).map((it) => it.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { match } of patchesOf(mesh)) {
      const name = match?.routeConfiguration?.vhost?.route?.name;
      if (name !== undefined) expect(names).toContain(name);
    }
  });

  it.each<[string, Idempotency | undefined, number]>([
    ["a call that may be repeated", Idempotency.IDEMPOTENT, ATTEMPTS_MAX - 1],
    ["a call that changes nothing", Idempotency.NO_SIDE_EFFECTS, ATTEMPTS_MAX - 1],
    ["a call that must happen once", undefined, 0],
  ])("repeats %s that often, in its own time", (_, idempotency, again) => {
    const rule = ruleOf(meshWith({ name: "Say", policy, ...(idempotency && { idempotency }) }));
    expect(rule?.timeouts).toEqual({ request: "3s" });
    const set = rule?.filters?.[0]?.requestHeaderModifier?.set;
    expect(set).toContainEqual({ name: "x-envoy-max-retries", value: `${again}` });
    expect(set?.some((it) => it.name === "x-envoy-retry-on")).toBe(again > 0);
  });

  it("cuts no stream: neither by a time for the whole nor by one for silence", () => {
    const mesh = meshWith({ name: "Say", policy: { callers: ["edge"], user: User.ANY }, streams: true });
    const rule = ruleOf(mesh);
    expect(rule?.timeouts).toBeUndefined();
    expect(patchOf(mesh, rule?.name)).toMatchObject({ route: { idle_timeout: "0s" } });
  });

  it("counts the calls of an address, and measures requests, as the contract says", () => {
    const limits = { requestMaxBytes: 5_000, rateLimit: { requests: 7, period: { seconds: 60n } } };
    const mesh = meshWith({ name: "Say", policy: { ...policy, ...limits } });
    const tokens = 7 * PEOPLE_PER_ADDRESS;
    expect(patchOf(mesh, ruleOf(mesh)?.name)).toMatchObject({
      typed_per_filter_config: {
        "envoy.filters.http.buffer": { buffer: { max_request_bytes: 5_005 } },
        "envoy.filters.http.local_ratelimit": {
          descriptors: [{ token_bucket: { max_tokens: tokens, tokens_per_fill: tokens, fill_interval: "60s" } }],
          // Who has a network of IPv6 has more addresses than anybody could count.
          rate_limits: [{ actions: [{ masked_remote_address: { v4_prefix_mask_len: 32, v6_prefix_mask_len: 64 } }] }],
        },
      },
    });
  });
});
