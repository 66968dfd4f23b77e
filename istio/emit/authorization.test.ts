import type { IAuthorizationPolicy } from "@kubernetes-models/istio/security.istio.io/v1";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { ROLE_LEVEL, type RoleClaim } from "#kit/identity/access-token.ts";
import { contractOf } from "#kit/testing/contract.ts";
import type { GeneratedFile } from "../files.ts";
import { type MeshMethod, meshOf } from "../model.ts";
import { podLabels, principalOf } from "../names.ts";
import { readMesh } from "../shop.ts";
import { emitAuthorization } from "./authorization.ts";

type Spec = NonNullable<IAuthorizationPolicy["spec"]>;
type Policy = { readonly metadata: { readonly name: string }; readonly spec: Spec };

/** A request as a sidecar sees it; without a principal it came in plaintext. */
interface Ask {
  readonly principal?: string;
  readonly port: number;
  readonly path: string;
  readonly role?: RoleClaim;
}

const mesh = await readMesh();
const read = (files: readonly GeneratedFile[]) =>
  files
    .filter((it) => it.path.endsWith("/authorization.yaml"))
    .flatMap((it) => parseAllDocuments(it.text).map((document) => document.toJS() as Policy));
const files = emitAuthorization(mesh);
const all = read(files);
const everywhere = read(files.filter((it) => it.path === "istio/generated/authorization.yaml"));

/** Istio's way to match a text: exact, or by the prefix before a star. */
const matches = (pattern: string, text: string) =>
  pattern.endsWith("*") ? text.startsWith(pattern.slice(0, -1)) : pattern === text;
const oneOf = (patterns: readonly string[] | undefined, text: string | undefined) =>
  patterns === undefined || (text !== undefined && patterns.some((it) => matches(it, text)));

/** Whether these policies let a request into a pod with this label, as Istio's reference says. */
function allowed(policies: readonly Policy[], workload: string, { principal, port, path, role }: Ask): boolean {
  const rules = policies.flatMap(({ spec: { selector, rules } }) => {
    const applies = JSON.stringify(selector?.matchLabels) === JSON.stringify(podLabels(workload));
    return applies ? (rules ?? []) : [];
  });
  return rules.some(({ from, to, when }) => {
    const fits = (to ?? []).some(
      ({ operation }) => oneOf(operation?.ports, `${port}`) && oneOf(operation?.paths, path),
    );
    const comes = (from ?? [{}]).some(
      ({ source }: { source?: { principals?: string[]; requestPrincipals?: string[] } }) =>
        oneOf(source?.principals, principal) && oneOf(source?.requestPrincipals, role && "shopmesh/somebody"),
    );
    return fits && comes && (when ?? []).every(({ values }) => oneOf(values, role));
  });
}

const callers = [...mesh.workloads.map((it) => it.name), "edge", "web", "stranger"];
const roles = [undefined, "guest", "customer", "admin"] as const;
const methods = [...new Map(mesh.workloads.flatMap((it) => it.methods).map((it) => [it.path, it])).values()];
const named = (caller: string, it: MeshMethod) => it.callers.includes(caller) || it.callers.includes("*");
const enough = (role: RoleClaim | undefined, { user }: MeshMethod) =>
  user === User.ANY || (role !== undefined && ROLE_LEVEL[role] >= user);

describe("every call is allowed to exactly those whom its contract names", () => {
  it.each(mesh.workloads)("at $name", ({ name, port, methods: served }) => {
    const paths = new Set(served.map((it) => it.path));
    const wrong = methods.flatMap((method) =>
      callers.flatMap((caller) =>
        roles.flatMap((role) => {
          const ask = { principal: principalOf(caller), port, path: method.path, ...(role && { role }) };
          const open = paths.has(method.path) && named(caller, method) && enough(role, method);
          const right = allowed(all, name, ask) === open;
          return right && allowed(everywhere, name, ask) === (open && !method.diagnostic) ? [] : [ask];
        }),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it.each([
    ["without an identity", {}],
    ["with one of another namespace", { principal: "cluster.local/ns/shopmesh-too/sa/order" }],
    ["at another port", { principal: principalOf("edge"), port: 9229 }],
  ])("and to nobody %s", (_, ask) => {
    for (const { name, port } of mesh.workloads)
      for (const { path } of methods) expect(allowed(all, name, { port, path, role: "admin", ...ask })).toBe(false);
  });
});

describe("besides the calls", () => {
  const from = (caller: string, workload: string, port: number, path: string) =>
    allowed(all, workload, { principal: principalOf(caller), port, path });

  it("plain HTTP is open as the service says, below a path or at it alone", () => {
    expect(from("edge", "image", 3005, "/images/0/64.webp")).toBe(true);
    expect(from("api", "image", 3005, "/images/0/64.webp")).toBe(false);
    expect(from("edge", "image", 3005, "/images")).toBe(false);
    expect(from("cart", "auth", 3002, "/.well-known/jwks.json")).toBe(true);
    expect(from("cart", "auth", 3002, "/.well-known/jwks.json/x")).toBe(false);
  });

  it("nobody reads health or metrics through the mesh", () => {
    for (const { name, port } of mesh.workloads)
      for (const path of ["/health", "/ready", "/metrics", "/"]) expect(from("api", name, port, path)).toBe(false);
  });

  it("the web app is for the edge, the database for who keeps data in it", () => {
    expect(callers.filter((it) => from(it, "web", 8080, "/index.html"))).toEqual(["edge"]);
    const stores = mesh.workloads.filter((it) => it.deployment.store === "postgres").map((it) => it.name);
    expect(callers.filter((it) => from(it, "postgres", 5432, ""))).toEqual(stores);
    expect(stores).not.toContain("api");
  });
});

describe("a policy", () => {
  it("refuses what no other allows", () => {
    expect(everywhere[0]).toMatchObject({ metadata: { name: "default-deny" } });
    expect(everywhere[0]?.spec).toEqual({});
    expect(new Set(all.slice(1).map((it) => it.spec.action))).toEqual(new Set(["ALLOW"]));
  });

  it("knows no HTTP methods, no empty list of callers, and no path but exact ones and prefixes of folders", () => {
    for (const { from, to } of all.flatMap((it) => it.spec.rules ?? [])) {
      for (const { source } of from ?? []) expect(source?.principals).not.toEqual([]);
      for (const { operation } of to ?? []) {
        expect(operation).not.toHaveProperty("methods");
        for (const path of operation?.paths ?? []) expect(path).toMatch(/^\/[\w./-]+(\/\*)?$/);
      }
    }
  });

  it("changes by a contract's change, and no other does", () => {
    const policyOf = (who: string[], user = User.ANY) => {
      const rest = { user: User.ANY, timeout: { seconds: 1n } };
      const say = { name: "Say", policy: { ...rest, callers: who, user } };
      const look = { name: "Look", policy: { ...rest, callers: ["edge"] } };
      const contracts = ["cart", "order", "product"].map((it) =>
        contractOf(it === "cart" ? [say, look] : [look], `test.${it}.v1`),
      );
      const plain = { store: "none", size: { cpuMillis: 1, memoryMiB: 1, memoryMaxMiB: 1 } } as const;
      const policies = read(emitAuthorization(meshOf(contracts, { cart: plain, order: plain, product: plain })));
      return new Map(policies.map((it) => [it.metadata.name, it.spec.rules ?? []]));
    };
    const before = policyOf(["order"]);
    for (const after of [policyOf(["order", "product"]), policyOf(["product"]), policyOf(["order"], User.ADMIN)]) {
      const changed = [...after].filter(([name, rules]) => JSON.stringify(rules) !== JSON.stringify(before.get(name)));
      expect(changed.map(([name]) => name)).toEqual(["cart"]);
      const known = new Set(before.get("cart")?.map((it) => JSON.stringify(it)));
      const rules = changed.flatMap(([, rules]) => rules).filter((it) => !known.has(JSON.stringify(it)));
      expect(rules.flatMap((it) => it.to?.flatMap((to) => to.operation?.paths))).toEqual([
        "/test.cart.v1.EchoService/Say",
      ]);
    }
  });
});
