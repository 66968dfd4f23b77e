import { create, type DescMethod, type Message } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { AuthService, SignUpRequestSchema } from "#gen/shop/auth/v1/auth_service_pb.js";
import { OrderService, PlaceOrderRequestSchema } from "#gen/shop/order/v1/order_service_pb.js";
import { BatchGetProductsRequestSchema, ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { Failure } from "../failure.ts";
import { callOf } from "../testing/call.ts";
import { validate } from "./validate.ts";

const step = validate();

/** The fields that a request is refused for; empty when it passes. */
function wrongFields(method: DescMethod, message: Message | undefined): string[] {
  try {
    step(callOf(method, { message }));
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(error.reason).toBe("INVALID_INPUT");
    const violations = error.details.violations ?? [];
    for (const it of violations) expect(it.description).not.toBe("");
    return violations.map((it) => it.field ?? "").sort();
  }
}

const good = { email: "ada@example.com", password: "correct horse", displayName: "Ada" };

describe("a request against the rules of its contract", () => {
  it.each([
    ["nothing wrong", {}, []],
    ["one field", { email: "not an address" }, ["email"]],
    ["two fields", { email: "", password: "short" }, ["email", "password"]],
    ["every field", { email: "@", password: "", displayName: "" }, ["display_name", "email", "password"]],
    ["too long", { displayName: "x".repeat(81) }, ["display_name"]],
  ])("%s: the failure names each field that is wrong", (_, change, fields) => {
    expect(wrongFields(AuthService.method.signUp, create(SignUpRequestSchema, { ...good, ...change }))).toEqual(fields);
  });

  it("names fields within fields by their path", () => {
    const message = create(PlaceOrderRequestSchema, { shippingAddress: { countryCode: "Nowhere" } });
    const fields = wrongFields(OrderService.method.placeOrder, message);
    expect(fields).toContain("shipping_address.country_code");
    expect(fields).toContain("request_id");
  });

  it("names so many that the failure still fits into a header", () => {
    const items = Array.from({ length: 1_000 }, () => "!");
    const message = create(BatchGetProductsRequestSchema, { productIds: items });
    expect(wrongFields(ProductService.method.batchGetProducts, message)).toHaveLength(20);
  });

  it("never repeats the values, which may be secret", () => {
    const message = create(SignUpRequestSchema, { ...good, password: "hunter2" });
    expect(() => step(callOf(AuthService.method.signUp, { message }))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
    );
  });

  it("leaves streams of requests alone", () => {
    expect(wrongFields(AuthService.method.signUp, undefined)).toEqual([]);
  });
});
