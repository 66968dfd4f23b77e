import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { readContracts } from "../../contracts.ts";
import { readMesh } from "../../shop.ts";
import { documentsOf } from "./documents.ts";
import { openApiOf } from "./openapi.ts";

const { registry } = readContracts();
const openApi = openApiOf(documentsOf(await readMesh(), registry));

it("is valid OpenAPI 3.1, references included", async () => {
  const validator = new Validator();
  expect(await validator.validate({ ...structuredClone(openApi) })).toMatchObject({ valid: true });
  expect(validator.version).toBe("3.1");
  expect(() => validator.resolveRefs()).not.toThrow();
});

const UUID = "6f7d2c80-2f0a-4c3e-9d8d-0a1b2c3d4e5f";
const ADDRESS = { fullName: "A B", line1: "1 Street", city: "Town", postalCode: "12345", countryCode: "DE" };
const CARD = { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, securityCode: "123", holderName: "A B" };
const PRODUCT = { name: "Lamp", categoryId: "lamps", price: { currencyCode: "EUR", minorUnits: "1250" } };

/** Requests as JSON: by type, those that keep to the contract and those that do not. */
const REQUESTS: Readonly<Record<string, { right: readonly JsonValue[]; wrong: readonly JsonValue[] }>> = {
  "shop.product.v1.ListProductsRequest": {
    right: [{}, { pageSize: 100, query: "lamp", inStockOnly: true, orderBy: "PRODUCT_ORDER_NAME" }, { categoryId: "" }],
    wrong: [{ pageSize: 101 }, { pageSize: -1 }, { query: "x".repeat(101) }, { categoryId: "Not an id" }],
  },
  "shop.product.v1.GetProductRequest": { right: [{ productId: "lamp" }], wrong: [{}, { productId: "" }] },
  "shop.product.v1.BatchGetProductsRequest": {
    right: [{}, { productIds: ["a", "b"] }],
    wrong: [{ productIds: ["A"] }, { productIds: Array.from({ length: 101 }, () => "a") }],
  },
  "shop.product.v1.AdjustStockRequest": {
    right: [{ productId: "lamp", delta: -3, requestId: UUID }],
    wrong: [
      { productId: "lamp", delta: 1 },
      { productId: "lamp", delta: 100_001, requestId: UUID },
    ],
  },
  "shop.product.v1.CreateProductRequest": {
    right: [{ product: PRODUCT }],
    wrong: [{}, { product: { ...PRODUCT, name: "" } }, { product: { name: "Lamp", categoryId: "lamps" } }],
  },
  "shop.product.v1.UpdateProductRequest": {
    right: [{ product: { name: "Lamp" }, updateMask: "name" }],
    wrong: [{ product: PRODUCT }],
  },
  "shop.order.v1.PlaceOrderRequest": {
    right: [{ requestId: UUID, shippingAddress: ADDRESS, card: CARD }],
    wrong: [
      { requestId: UUID, shippingAddress: ADDRESS },
      { requestId: UUID, card: CARD },
      { requestId: "1", shippingAddress: ADDRESS, card: CARD },
      { requestId: UUID, shippingAddress: { ...ADDRESS, countryCode: "de" }, card: CARD },
      { requestId: UUID, shippingAddress: ADDRESS, card: { ...CARD, expiryMonth: 13 } },
    ],
  },
};

describe("the schema of a request", () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema({ $id: "https://shop/", ...openApi }, "https://shop/");
  const bySchema = (type: string, json: JsonValue) =>
    ajv.validate({ $ref: `https://shop/#/components/schemas/${type}` }, json);
  const protovalidate = createValidator({ registry });
  const byContract = (type: string, json: JsonValue) => {
    const desc = registry.getMessage(type);
    return desc !== undefined && protovalidate.validate(desc, fromJson(desc, json, { registry })).kind === "valid";
  };

  it.each(Object.entries(REQUESTS))("%s says yes and no where the contract does", (type, { right, wrong }) => {
    for (const json of right) expect([json, bySchema(type, json), byContract(type, json)]).toEqual([json, true, true]);
    for (const json of wrong)
      expect([json, bySchema(type, json), byContract(type, json)]).toEqual([json, false, false]);
  });
});
