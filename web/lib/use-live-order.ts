import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createConnectQueryKey, useQuery, useTransport } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { type Order, OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { GetOrderResponseSchema, OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { browserWakeups, follow, type LiveState } from "./live.ts";
import { isFinished } from "./order-words.ts";

const { getOrder } = OrderService.method;

/** An order, and how it is followed. Every message of the stream replaces what the page knows. */
export function useLiveOrder(orderId: string) {
  const transport = useTransport();
  const queryClient = useQueryClient();
  const [live, setLive] = useState<LiveState>("connecting");
  const query = useQuery(getOrder, { orderId });
  const isKnown = query.data !== undefined;

  useEffect(() => {
    if (!isKnown) return;
    const client = createClient(OrderService, transport);
    const queryKey = createConnectQueryKey({ schema: getOrder, transport, input: { orderId }, cardinality: "finite" });
    return follow({
      open: (signal) => client.watchOrder({ orderId }, { signal }),
      onMessage({ order }) {
        if (order) queryClient.setQueryData(queryKey, create(GetOrderResponseSchema, { order }));
        // What was not bought after all is still in the cart.
        if (order?.status === OrderStatus.CANCELLED) {
          void queryClient.invalidateQueries({
            queryKey: createConnectQueryKey({ schema: CartService, transport, cardinality: undefined }),
          });
        }
      },
      onState: setLive,
      isOver() {
        const known: Order | undefined = queryClient.getQueryData(queryKey)?.order;
        return known !== undefined && isFinished(known);
      },
      wakeups: browserWakeups(),
    });
  }, [isKnown, orderId, transport, queryClient]);

  return { order: query.data?.order, error: query.error, refetch: query.refetch, live };
}
