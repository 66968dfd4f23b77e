import { ErrorReason as CallReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/product/v1/error_reason_pb.js";
import { callFailure, failures, isFailure } from "#kit/failure.ts";

const fail = failures(ErrorReasonSchema);

/** Why calls to product fail, each with the metadata its contract promises. */
export const productNotFound = (productId: string) =>
  fail(ErrorReason.PRODUCT_NOT_FOUND, `There is no product "${productId}".`, { metadata: { product_id: productId } });

export const categoryNotFound = (categoryId: string) =>
  fail(ErrorReason.CATEGORY_NOT_FOUND, `There is no category "${categoryId}".`, {
    metadata: { category_id: categoryId },
  });

export const alreadyExists = (key: "product_id" | "category_id", id: string) =>
  fail(ErrorReason.ALREADY_EXISTS, `"${id}" is taken; ids of deleted products are not used again.`, {
    metadata: { [key]: id },
  });

export const etagMismatch = () =>
  fail(ErrorReason.ETAG_MISMATCH, "Somebody else changed the product meanwhile; read it again.");

export const outOfStock = (productId: string, available: number) =>
  fail(ErrorReason.OUT_OF_STOCK, available === 0 ? "It is sold out." : `Only ${available} left.`, {
    metadata: { product_id: productId, available: String(available) },
  });

export const isOutOfStock = (error: unknown) => isFailure(error, ErrorReasonSchema, ErrorReason.OUT_OF_STOCK);

export const reservationEnded = (orderId: string) =>
  fail(ErrorReason.RESERVATION_ENDED, "The reservation ran out or was released.", { metadata: { order_id: orderId } });

export const pageTokenInvalid = () =>
  fail(ErrorReason.PAGE_TOKEN_INVALID, "The page token is not one of this list; start with the first page.");

/** A field whose value breaks a rule that the contract can only describe. */
export const invalidField = (field: string, description: string) =>
  callFailure(CallReason.INVALID_INPUT, `${field}: ${description}`, { violations: [{ field, description }] });
