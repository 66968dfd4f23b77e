import { ErrorReason, ErrorReasonSchema } from "#gen/shop/cart/v1/error_reason_pb.js";
import { failures } from "#kit/failure.ts";
import { LINES_MAX } from "./store.ts";

const fail = failures(ErrorReasonSchema);

/** The shop does not sell it (any more). */
export const unknownProduct = (productId: string) =>
  fail(ErrorReason.PRODUCT_NOT_FOUND, "There is no such product.", { metadata: { product_id: productId } });

/** It is not in the cart. */
export const notInCart = (productId: string) =>
  fail(ErrorReason.PRODUCT_NOT_FOUND, "This product is not in the cart.", { metadata: { product_id: productId } });

/** More pieces than the cart may hold of it. */
export const overLimit = (productId: string, limit: number) =>
  fail(
    ErrorReason.QUANTITY_LIMIT,
    limit === 0 ? "This product is sold out." : `At most ${limit} of this product can be in the cart.`,
    {
      metadata: { product_id: productId, limit: `${limit}` },
    },
  );

/** One product too many. */
export const cartFull = () =>
  fail(ErrorReason.CART_FULL, `A cart holds at most ${LINES_MAX} products.`, { metadata: { limit: `${LINES_MAX}` } });

/** The token whose cart was to be moved proves no guest. */
export const notAGuest = (cause?: unknown) =>
  fail(ErrorReason.NOT_A_GUEST, "The token is not that of a guest.", { cause });
