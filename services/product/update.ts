import { createValidator } from "@bufbuild/protovalidate";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { ProductSchema } from "#gen/shop/product/v1/product_pb.js";
import type { UpdateProductRequest } from "#gen/shop/product/v1/product_service_pb.js";
import { callFailure } from "#kit/failure.ts";
import { fromProduct } from "./convert.ts";
import { invalidField } from "./reasons.ts";
import type { ProductContent } from "./store.ts";

const FIELDS: ReadonlyMap<string, keyof ProductContent> = new Map([
  ["name", "name"],
  ["description", "description"],
  ["category_id", "categoryId"],
  ["price", "price"],
  ["pictures", "pictures"],
  ["attributes", "attributes"],
]);
const PATHS = [...FIELDS.keys()].join(", ");

// Says which product is meant; read whatever the mask.
const ALWAYS_READ = ["product_id", "etag"];

const validator = createValidator();

/** The fields of the product that the mask names must keep to the contract's rules; the others are not looked at. */
function checkNamedFields({ product, updateMask }: UpdateProductRequest): void {
  if (product === undefined) throw invalidField("product", "value is required");
  const read = new Set([...ALWAYS_READ, ...(updateMask?.paths ?? [])]);
  const result = validator.validate(ProductSchema, product);
  if (result.kind === "error") throw result.error;
  const found = result.kind === "invalid" ? result.violations : [];
  const violations = found
    .map((it) => ({ field: it.toString().split(": ")[0] ?? "", description: it.message, reason: it.ruleId }))
    .filter((it) => read.has(/^\w+/.exec(it.field)?.[0] ?? ""))
    .map((it) => ({ ...it, field: `product.${it.field}` }));
  if (product.productId === "")
    violations.push({ field: "product.product_id", description: "value is required", reason: "required" });
  const [first] = violations;
  if (first !== undefined)
    throw callFailure(ErrorReason.INVALID_INPUT, `${first.field}: ${first.description}`, { violations });
}

/**
 * What an update changes.
 * @throws Failure INVALID_INPUT for a mask that is empty or names what cannot be changed, and for values that break a rule
 */
export function changesOf(request: UpdateProductRequest): Partial<ProductContent> {
  const paths = request.updateMask?.paths ?? [];
  if (paths.length === 0) throw invalidField("update_mask", `must name some of ${PATHS}`);
  const unknown = paths.find((it) => !FIELDS.has(it));
  if (unknown !== undefined) throw invalidField("update_mask", `"${unknown}" is none of ${PATHS}`);
  checkNamedFields(request);
  if (request.product === undefined) return {};
  const content = fromProduct(request.product);
  return Object.fromEntries(paths.flatMap((it) => FIELDS.get(it) ?? []).map((key) => [key, content[key]]));
}
