import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readContracts } from "../contracts.ts";
import { EDGE } from "../model.ts";
import { readMesh } from "../shop.ts";
import { documentsOf, typesOf } from "./reference/documents.ts";
import { emitReference } from "./reference.ts";

const { registry } = readContracts();
const mesh = await readMesh();
const documents = documentsOf(mesh, registry);
const files = emitReference(mesh, registry);
const textOf = (path: string) => files.find((it) => it.path === path)?.text ?? "";
const api = textOf("docs/api.md");

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { security: object[]; responses: object }>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, object>>>>;
}
const openApi = parse(textOf("docs/openapi.yaml")) as OpenApi;

/** The part of the reference under a heading's id, to the next id. */
function section(id: string): string {
  return api.split(`<a id="${id}"></a>`)[1]?.split("<a id=")[0] ?? "";
}

describe("the reference for people", () => {
  it("describes every call and every type, each with its comment", () => {
    for (const { calls } of documents.services)
      for (const { method, desc } of calls) {
        const found = section(`${method.service}.${method.name}`);
        expect(found).toContain(documents.comment(desc));
        expect(documents.comment(desc)).not.toBe("");
        for (const type of typesOf([desc.input, desc.output])) expect(section(type.typeName)).toContain(type.name);
      }
  });

  it("has no link that leads nowhere", () => {
    const ids = new Set([...api.matchAll(/<a id="([^"]+)">/g)].map((it) => it[1]));
    expect(ids.size).toBeGreaterThan(100);
    for (const [, id] of api.matchAll(/\]\(#([^)]+)\)/g)) expect(ids).toContain(id);
  });

  it("says of a call who may make it and how, and of a field what it must be", () => {
    const reserve = section("shop.product.v1.ProductService.ReserveStock");
    expect(reserve).toContain("- Callers: order. User: anybody.");
    expect(reserve).toContain("- Timeout: 3 s; idempotent: tried up to 3 times.");
    const list = section("shop.product.v1.ListProductsRequest");
    expect(list).toContain("| `page_size` | `int32` | 0 to 100 | Products on a page; 0 means 24. |");
    expect(section("shop.order.v1.OrderService.WatchOrder")).toContain("→ stream of [");
  });

  it("names the reasons for failures with what they mean", () => {
    expect(section("shop.cart.v1.CartService")).toMatch(/`CART_FULL` \| `FAILED_PRECONDITION` \| 400 \| More than/);
    expect(section("errors")).toContain("| `RATE_LIMITED` | `RESOURCE_EXHAUSTED` | 429 |");
  });
});

describe("the OpenAPI description", () => {
  it("has no reference that leads nowhere, and names no operation twice", () => {
    const text = textOf("docs/openapi.yaml");
    for (const [, kind = "", name = ""] of text.matchAll(/#\/components\/(\w+)\/([\w.]+)/g))
      expect(Object.keys(openApi.components[kind] ?? {})).toContain(name);
    const ids = [...text.matchAll(/operationId: (.+)/g)].map((it) => it[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("has exactly the calls that name the edge, those that only read by GET too", () => {
    const open = mesh.workloads.flatMap((it) => it.methods).filter((it) => it.callers.includes(EDGE));
    expect(Object.keys(openApi.paths).toSorted()).toEqual(open.map((it) => it.path).toSorted());
    for (const { path, idempotency } of open)
      expect(Object.keys(openApi.paths[path] ?? {})).toEqual(
        idempotency === "no_side_effects" ? ["get", "post"] : ["post"],
      );
  });

  it("asks for the token that the contract asks for", () => {
    const security = (path: string) =>
      openApi.paths[path]?.post?.security.flatMap((it) => Object.keys(it)[0] ?? "none");
    expect(security("/shop.product.v1.ProductService/GetProduct")).toEqual(["none", "guest", "user", "administrator"]);
    expect(security("/shop.cart.v1.CartService/AddItem")).toEqual(["guest", "user", "administrator"]);
    expect(security("/shop.order.v1.OrderService/PlaceOrder")).toEqual(["user", "administrator"]);
    expect(security("/shop.product.v1.ProductService/AdjustStock")).toEqual(["administrator"]);
  });
});
