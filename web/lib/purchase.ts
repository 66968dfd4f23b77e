import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Cart } from "#gen/shop/cart/v1/cart_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/order/v1/error_reason_pb.js";
import type { Order } from "#gen/shop/order/v1/order_pb.js";
import type { PlaceOrderRequestSchema, PlaceOrderResponse } from "#gen/shop/order/v1/order_service_pb.js";
import { hasNotArrived, hasReason, isOutcomeUnknown, problemOf } from "./errors.ts";
import { newRequestId } from "./request-id.ts";

const STORED_AS = "shopmesh-purchase";
const MAX_TRIES = 4;
const FIRST_PAUSE_MS = 700;

/** Refusals after which it is certain that this purchase did not happen and will not. */
const FINAL_REASONS = [
  ErrorReason.OUT_OF_STOCK,
  ErrorReason.PAYMENT_DECLINED,
  ErrorReason.PAYMENT_FAILED,
  ErrorReason.PRICE_CHANGED,
  ErrorReason.CANCELLED,
  ErrorReason.REQUEST_ID_REUSED,
];

interface Attempt {
  readonly requestId: string;
  /** What is bought. Another cart is another purchase. */
  readonly cart: string;
  /** Whether a try ended without an answer, so that the order may exist. */
  readonly inDoubt: boolean;
}

/** What buying stands on; in the browser sessionStorage, so that a reload does not forget an open purchase. */
export interface PurchaseDeps {
  readonly place: (request: MessageInitShape<typeof PlaceOrderRequestSchema>) => Promise<PlaceOrderResponse>;
  readonly flags: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  readonly pause?: (ms: number) => Promise<void>;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * Buys a cart at most once. Each purchase has one request id until its outcome is certain, however often it is tried:
 * a repeated id answers what the first try came to.
 */
export function createPurchase({ place, flags, pause = sleep }: PurchaseDeps) {
  function open(cart: string): Attempt {
    const stored: Attempt | null = JSON.parse(flags.getItem(STORED_AS) ?? "null");
    if (stored?.cart === cart) return stored;
    return keep({ requestId: newRequestId(), cart, inDoubt: false });
  }

  function keep(attempt: Attempt): Attempt {
    flags.setItem(STORED_AS, JSON.stringify(attempt));
    return attempt;
  }

  const close = () => flags.removeItem(STORED_AS);

  /** Takes note of a failure; returns the attempt if it is worth another try. */
  function afterFailure(attempt: Attempt, error: unknown): Attempt | undefined {
    const isFinal = FINAL_REASONS.some((reason) => hasReason(error, ErrorReasonSchema, reason));
    if (!isFinal && isOutcomeUnknown(error))
      return keep({ ...attempt, inDoubt: attempt.inDoubt || !hasNotArrived(error) });
    // A refusal at the door (a field, a limit) says nothing of an earlier try that got no answer.
    if (isFinal || !attempt.inDoubt) close();
    return undefined;
  }

  /** Places the order; throws the failure of the last try. */
  const buy = async (
    cart: Cart,
    request: Omit<MessageInitShape<typeof PlaceOrderRequestSchema>, "requestId" | "$typeName">,
  ): Promise<Order> => {
    let attempt = open(fingerprint(cart));
    for (let tries = 1; ; tries++) {
      try {
        const { order } = await place({ ...request, requestId: attempt.requestId } as typeof request);
        if (order === undefined) throw new ConnectError("the order is missing in the answer", Code.Internal);
        close();
        return order;
      } catch (error) {
        const next = afterFailure(attempt, error);
        if (next === undefined || tries === MAX_TRIES) throw error;
        attempt = next;
        await pause(problemOf(error).retryAfterMs ?? FIRST_PAUSE_MS * 2 ** (tries - 1));
      }
    }
  };
  return {
    buy,
    /** Whether the order may exist, though the last try of it failed. */
    isInDoubt: (cart: Cart): boolean => {
      const stored: Attempt | null = JSON.parse(flags.getItem(STORED_AS) ?? "null");
      return stored?.cart === fingerprint(cart) && stored.inDoubt;
    },
  };
}

function fingerprint(cart: Cart): string {
  const lines = cart.items.map(({ productId, quantity }) => `${productId}*${quantity}`);
  return `${lines.join(" ")} = ${cart.subtotal?.minorUnits ?? 0n}`;
}
