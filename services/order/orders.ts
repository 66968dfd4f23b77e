import { timestampDate } from "@bufbuild/protobuf/wkt";
import { ErrorReason as CallReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { CancelReason, type Order, OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import type { ListOrdersRequest } from "#gen/shop/order/v1/order_service_pb.js";
import { runInBackground } from "#kit/call.ts";
import { callFailure } from "#kit/failure.ts";
import type { UserIdentity } from "#kit/identity/access-token.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";
import { conflict, ErrorReason, fail } from "./reasons.ts";
import { LEASE_MS, type Saga } from "./saga.ts";
import type { OrderRecord, OrderStore } from "./store.ts";
import { type Change, cancelled, isAllowed, moved } from "./transitions.ts";

const PAGE_SIZE_DEFAULT = 20;
const CONFLICTS_MAX = 5;

const isAdmin = (user: UserIdentity) => user.role === "admin";

/** The change that takes an order to a status, or undefined when it is there already. */
function changeTo(record: OrderRecord, status: OrderStatus, note: string, reason: CancelReason): Change | undefined {
  const { order } = record;
  if (order.status === status) return undefined;
  if (!isAllowed(order.status, status)) {
    throw conflict(
      order,
      `An order that is ${OrderStatus[order.status].toLowerCase()} cannot become ${OrderStatus[status].toLowerCase()}.`,
    );
  }
  if (status === OrderStatus.CANCELLED) return cancelled(record, { reason, message: note });
  if (record.step !== "done" && record.step !== "clear_cart")
    throw conflict(order, "The order is not confirmed yet; try again in a moment.");
  const next = { ...record, order: moved(order, status, note) };
  if (status === OrderStatus.SHIPPED)
    return { record: next, events: [{ case: "shipped", value: { $typeName: "shop.events.v1.OrderShipped" } }] };
  return { record: next, events: [{ case: "delivered", value: { $typeName: "shop.events.v1.OrderDelivered" } }] };
}

/** What can be done with orders once they are placed. */
export function createOrders({ store, saga }: { store: OrderStore; saga: Saga }) {
  async function get(orderId: string, user: UserIdentity): Promise<OrderRecord> {
    const record = await store.byId(orderId);
    // Somebody else's order is answered like none, so that ids cannot be probed.
    if (record === undefined || (record.order.userId !== user.userId && !isAdmin(user))) {
      throw fail(ErrorReason.ORDER_NOT_FOUND, "There is no such order.", { metadata: { order_id: orderId } });
    }
    return record;
  }

  /** Makes a change on the newest state, again if somebody else was faster. */
  async function move(
    record: OrderRecord,
    status: OrderStatus,
    note: string,
    reason: CancelReason,
  ): Promise<OrderRecord> {
    let current = record;
    for (let tries = 0; tries < CONFLICTS_MAX; tries++) {
      const change = changeTo(current, status, note, reason);
      if (change === undefined) return current;
      const saved = await store.save(change.record, change.events, LEASE_MS);
      if (saved !== undefined) {
        if (saved.step === "undo") void runInBackground(() => saga.run(saved));
        return saved;
      }
      const newer = await store.byId(current.order.orderId);
      if (newer === undefined) return current;
      current = newer;
    }
    throw conflict(current.order, "The order keeps changing; try again in a moment.");
  }

  return {
    get,
    move,
    async cancel(orderId: string, user: UserIdentity): Promise<OrderRecord> {
      const record = await get(orderId, user);
      const own = record.order.userId === user.userId;
      const reason = own ? CancelReason.REQUESTED_BY_CUSTOMER : CancelReason.REQUESTED_BY_SHOP;
      return move(
        record,
        OrderStatus.CANCELLED,
        own ? "You cancelled the order." : "The shop cancelled the order.",
        reason,
      );
    },
    async list(request: ListOrdersRequest, user: UserIdentity): Promise<{ orders: Order[]; nextPageToken: string }> {
      const foreign = request.allUsers || (request.userId !== "" && request.userId !== user.userId);
      if (foreign && !isAdmin(user))
        throw callFailure(CallReason.USER_NOT_ALLOWED, "Other people's orders are for administrators.");
      const userId = request.allUsers ? undefined : request.userId || user.userId;
      const scope = `${userId ?? ""} ${request.status}`;
      const limit = request.pageSize || PAGE_SIZE_DEFAULT;
      const status = request.status || undefined;
      const records = await store.list({
        userId,
        status,
        after: decodePageToken(request.pageToken, scope),
        limit: limit + 1,
        // Buyers look for the order that they have just placed.
        mayBeStale: foreign,
      });
      const page = records.slice(0, limit).map((it) => it.order);
      const last = records.length > limit ? page.at(-1) : undefined;
      const createdAt = last?.createTime && timestampDate(last.createTime);
      const nextPageToken = last && createdAt ? encodePageToken({ createdAt, orderId: last.orderId }, scope) : "";
      return { orders: page, nextPageToken };
    },
  };
}

export type Orders = ReturnType<typeof createOrders>;
