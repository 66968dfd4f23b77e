import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { PackageOpen } from "lucide-react";
import { type Order, OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { AccountOnly } from "../components/account-only.tsx";
import { Pager } from "../components/pager.tsx";
import { Picture } from "../components/picture.tsx";
import { Skeleton } from "../components/skeleton.tsx";
import { Empty, Failure } from "../components/states.tsx";
import { StatusBadge } from "../components/status-badge.tsx";
import { formatDay } from "../lib/dates.ts";
import { formatMoney } from "../lib/money.ts";
import { CANCEL_WORDS, shortId } from "../lib/order-words.ts";
import type { RouterContext } from "../lib/page-data.ts";
import { useTitle } from "../lib/title.ts";
import "./orders.css";

const { listOrders } = OrderService.method;
const route = getRouteApi("/orders");
const PAGE_SIZE = 10;
const SHOWN_PICTURES = 4;
const SKELETONS = ["first", "second", "third"];

interface Search {
  readonly page?: string | undefined;
}

const requestOf = ({ page }: Search) => ({ pageSize: PAGE_SIZE, pageToken: page ?? "" });

export const load = ({ context, deps }: { context: RouterContext; deps: Search }) =>
  context.prefetch(listOrders, requestOf(deps));

/** Everything somebody has ordered, newest first. */
export function View() {
  useTitle("Orders");
  return (
    <AccountOnly>
      <OrdersPage />
    </AccountOnly>
  );
}

function OrdersPage() {
  const search = route.useSearch();
  const list = useQuery(listOrders, requestOf(search), { placeholderData: keepPreviousData, refetchOnMount: "always" });
  return (
    <div className="page orders">
      <header className="page-head">
        <h1>Your orders</h1>
      </header>
      {list.error && !list.data ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} title="Your orders did not load" />
      ) : list.data?.orders.length === 0 ? (
        <Empty icon={PackageOpen} title="Nothing ordered yet">
          <p className="soft">Your first order will stand here, from the shelf to your door.</p>
          <Link to="/products" className="button">
            Look around the shop
          </Link>
        </Empty>
      ) : (
        <>
          <ul className="orders-list" aria-busy={!list.data}>
            {list.data?.orders.map((order) => (
              <OrderRow key={order.orderId} order={order} />
            ))}
            {!list.data &&
              SKELETONS.map((row) => (
                <li key={row}>
                  <Skeleton height="7rem" />
                </li>
              ))}
          </ul>
          {list.data && <Pager to="/orders" search={search} nextToken={list.data.nextPageToken} />}
        </>
      )}
    </div>
  );
}

function OrderRow({ order }: { readonly order: Order }) {
  const { orderId, status, createTime, total, lines, cancelReason } = order;
  const isCancelled = status === OrderStatus.CANCELLED;
  const names = lines.map(({ name }) => name).join(", ");
  return (
    <li className="panel order-row" data-cancelled={isCancelled}>
      <div className="order-row-words">
        <p className="order-row-head">
          <Link to="/orders/$orderId" params={{ orderId }}>
            Order {shortId(orderId)}
          </Link>
          <StatusBadge status={status} />
          {isCancelled && <span className="soft small">{CANCEL_WORDS[cancelReason]}</span>}
        </p>
        <p className="soft small">
          {formatDay(createTime)} · <span className="tabular">{formatMoney(total)}</span>
        </p>
        <p className="small order-row-names">{names}</p>
      </div>
      <div className="order-row-pictures" aria-hidden>
        {lines.slice(0, SHOWN_PICTURES).map(({ productId, picture }) => (
          <span key={productId}>
            <Picture picture={picture} sizes="4.5rem" decorative />
          </span>
        ))}
      </div>
    </li>
  );
}
