import { createClient } from "@connectrpc/connect";
import { createConnectQueryKey, useTransport } from "@connectrpc/connect-query";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { Cart } from "#gen/shop/cart/v1/cart_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/order/v1/error_reason_pb.js";
import type { Card } from "#gen/shop/order/v1/order_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import type { Address } from "#gen/shop/type/v1/address_pb.js";
import type { Money } from "#gen/shop/type/v1/money_pb.js";
import { useShowCart } from "./cart.ts";
import { withLess } from "./cart-change.ts";
import { hasReason, isOutcomeUnknown, type Problem, problemOf } from "./errors.ts";
import { createFlags } from "./flags.ts";
import { createPurchase } from "./purchase.ts";

/** What is bought, where it goes, how it is paid, and what the buyer saw that it costs. */
interface Purchase {
  readonly cart: Cart;
  readonly shippingAddress: Address;
  readonly card: Card;
  readonly expectedTotal: Money;
}

/** Why an order was not placed, and where to say so. */
export interface Refusal {
  readonly about: "payment" | "cart" | "unknown";
  readonly sentence: string;
  /** The product that is not there. */
  readonly productId?: string | undefined;
  readonly available?: number | undefined;
}

interface PlaceOrderOptions {
  readonly onPlaced: (orderId: string) => void;
  readonly onRefused: (problem: Problem) => void;
}

const IN_DOUBT =
  "The shop did not answer, so we cannot say yet whether this went through. Place the order again to find out: it is the same purchase, and you are charged once at most.";

const NOT_BEGUN =
  "We cannot take orders for a moment. Nothing was charged, and what you entered stays here: please place the order again shortly.";

/** Places an order, and says in words where it could not be. */
export function usePlaceOrder({ onPlaced, onRefused }: PlaceOrderOptions) {
  const transport = useTransport();
  const queryClient = useQueryClient();
  const showCart = useShowCart();
  const [refusal, setRefusal] = useState<Refusal>();
  const { buy, isInDoubt } = useMemo(() => {
    const { placeOrder } = createClient(OrderService, transport);
    return createPurchase({ place: placeOrder, flags: createFlags(() => sessionStorage) });
  }, [transport]);

  const refresh = (schema: typeof CartService | typeof OrderService) =>
    queryClient.invalidateQueries({ queryKey: createConnectQueryKey({ schema, transport, cardinality: undefined }) });

  const mutation = useMutation({
    mutationFn: ({ cart, shippingAddress, card, expectedTotal }: Purchase) =>
      buy(cart, { shippingAddress, paymentMethod: { case: "card", value: card }, expectedTotal }),
    onMutate: () => setRefusal(undefined),
    // The card does not outlive the call.
    gcTime: 0,
    onSuccess({ orderId, lines }, { cart }) {
      onPlaced(orderId);
      // The order service takes them out in its own time, shortly after the payment.
      showCart(lines.reduce((rest, line) => withLess(rest, line.productId, line.quantity), cart));
      void refresh(OrderService);
    },
    onError(error, { cart }) {
      const problem = problemOf(error);
      const orderId = problem.metadata.order_id;
      const isMade = hasReason(error, ErrorReasonSchema, ErrorReason.REQUEST_ID_REUSED);
      setRefusal(refusalOf(error, problem, cart, isInDoubt(cart)));
      onRefused(problem);
      // Stock or prices are not what they were.
      void refresh(CartService);
      if (isMade && orderId) onPlaced(orderId);
    },
  });
  return { place: mutation.mutate, isPlacing: mutation.isPending, refusal };
}

function refusalOf(error: unknown, problem: Problem, cart: Cart, isInDoubt: boolean): Refusal {
  const is = (...reasons: ErrorReason[]) => reasons.some((reason) => hasReason(error, ErrorReasonSchema, reason));
  const { sentence, metadata } = problem;
  if (is(ErrorReason.PAYMENT_DECLINED, ErrorReason.CARD_INVALID, ErrorReason.PAYMENT_FAILED)) {
    return { about: "payment", sentence };
  }
  if (is(ErrorReason.OUT_OF_STOCK)) {
    const productId = metadata.product_id;
    const name = cart.items.find((item) => item.productId === productId)?.name;
    const available = Number(metadata.available ?? 0);
    const left = available === 0 ? "is sold out" : `has only ${available} left`;
    const words = name && `Somebody was faster: ${name} ${left}. Nothing was charged; please change your cart.`;
    return { about: "cart", sentence: words || sentence, productId, available };
  }
  if (is(ErrorReason.PRICE_CHANGED, ErrorReason.CART_EMPTY)) return { about: "cart", sentence };
  if (isOutcomeUnknown(error)) return { about: "unknown", sentence: isInDoubt ? IN_DOUBT : NOT_BEGUN };
  return { about: "unknown", sentence };
}
