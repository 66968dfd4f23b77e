import { getRouteApi, Link } from "@tanstack/react-router";
import { CreditCard, MapPin, SearchX } from "lucide-react";
import { useEffect, useState } from "react";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/order/v1/error_reason_pb.js";
import { CancelReason, type Order, OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { AccountOnly } from "../components/account-only.tsx";
import { CancelOrder } from "../components/cancel-order.tsx";
import { LiveMark } from "../components/live-mark.tsx";
import { Notice } from "../components/notice.tsx";
import { OrderStepper } from "../components/order-stepper.tsx";
import { PageSkeleton } from "../components/skeleton.tsx";
import { Empty, Failure } from "../components/states.tsx";
import { StatusBadge } from "../components/status-badge.tsx";
import { SummaryLines } from "../components/summary-lines.tsx";
import { TotalsTable } from "../components/totals.tsx";
import { countryName } from "../lib/countries.ts";
import { formatMoment } from "../lib/dates.ts";
import { hasReason } from "../lib/errors.ts";
import type { LiveState } from "../lib/live.ts";
import { formatMoney, moneyOf } from "../lib/money.ts";
import {
  brandName,
  cancelSentence,
  isCancellable,
  PAYMENT_WORDS,
  STATUS_SENTENCES,
  STATUS_WORDS,
  shortId,
} from "../lib/order-words.ts";
import type { RouterContext } from "../lib/page-data.ts";
import { useTitle } from "../lib/title.ts";
import { useLiveOrder } from "../lib/use-live-order.ts";
import "./cart.css";
import "./order.css";

const route = getRouteApi("/orders/$orderId");
/** From then on a payment takes unusually long. */
const LONG_PENDING_MS = 3000;

interface LoadOptions {
  readonly context: RouterContext;
  readonly params: { readonly orderId: string };
}

export const load = ({ context, params }: LoadOptions) =>
  context.prefetch(OrderService.method.getOrder, { orderId: params.orderId });

/** An order, followed live. */
export function View() {
  const { orderId } = route.useParams();
  useTitle(`Order ${shortId(orderId)}`);
  return (
    <AccountOnly>
      <OrderPage key={orderId} orderId={orderId} />
    </AccountOnly>
  );
}

function OrderPage({ orderId }: { readonly orderId: string }) {
  const { order, error, refetch, live } = useLiveOrder(orderId);
  if (order) return <Tracked order={order} live={live} onChanged={() => void refetch()} />;
  if (!error) return <PageSkeleton />;
  return (
    <div className="page">
      {hasReason(error, ErrorReasonSchema, ErrorReason.ORDER_NOT_FOUND) ? (
        <Empty icon={SearchX} title="There is no such order">
          <p className="soft">Not in your account, at least.</p>
          <Link to="/orders" className="button">
            Your orders
          </Link>
        </Empty>
      ) : (
        <Failure error={error} onRetry={() => void refetch()} />
      )}
    </div>
  );
}

interface TrackedProps {
  readonly order: Order;
  readonly live: LiveState;
  readonly onChanged: () => void;
}

function Tracked({ order, live, onChanged }: TrackedProps) {
  const isCancelled = order.status === OrderStatus.CANCELLED;
  const none = moneyOf(order.total?.currencyCode || "EUR", 0n);
  return (
    <div className="page">
      <header className="page-head order-head">
        <p className="soft small crumbs">
          <Link to="/orders">Orders</Link> / {shortId(order.orderId)}
        </p>
        <h1>{isCancelled ? "This order was cancelled" : STATUS_SENTENCES[order.status]}</h1>
        <p className="order-marks">
          <StatusBadge status={order.status} />
          {!isCancelled && <LiveMark state={live} />}
        </p>
        {order.status === OrderStatus.PENDING && <LongPending />}
      </header>
      <div className="with-summary">
        <div className="order-parts">
          <section className="panel" aria-label="Tracking">
            {isCancelled ? <CancelNotice order={order} /> : <OrderStepper order={order} />}
          </section>
          <History order={order} />
          <div className="order-facts">
            <AddressPanel order={order} />
            <PaymentPanel order={order} />
          </div>
          {isCancellable(order) && (
            <div className="order-cancel">
              <CancelOrder orderId={order.orderId} onDone={onChanged} />
              <p className="soft small">Possible until it is shipped.</p>
            </div>
          )}
        </div>
        <aside className="panel summary" aria-label="What you ordered">
          <h2>What you ordered</h2>
          <SummaryLines lines={order.lines} />
          <TotalsTable
            subtotal={order.subtotal ?? none}
            shipping={order.shipping ?? none}
            total={order.total ?? none}
          />
        </aside>
      </div>
    </div>
  );
}

/** Why it was cancelled; to those who did it themselves that is no bad news. */
function CancelNotice({ order }: { readonly order: Order }) {
  const isOwn = order.cancelReason === CancelReason.REQUESTED_BY_CUSTOMER;
  return <Notice tone={isOwn ? "plain" : "bad"}>{cancelSentence(order)}</Notice>;
}

/** A word for those whose payment takes longer than payments do. */
function LongPending() {
  const [isLong, setIsLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsLong(true), LONG_PENDING_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p role="status">
      {isLong && "We are still checking your payment; this page updates by itself. You will not be charged twice."}
    </p>
  );
}

function History({ order }: { readonly order: Order }) {
  return (
    <section className="panel" aria-labelledby="history">
      <h2 id="history">What happened</h2>
      <ol className="order-history">
        {order.history.toReversed().map(({ status, time, note }) => (
          <li key={`${status} ${time?.seconds} ${time?.nanos}`}>
            <span className="soft small tabular">{formatMoment(time)}</span>
            <span>
              <strong>{STATUS_WORDS[status]}</strong>
              {note && <span className="soft"> {note}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function AddressPanel({ order: { shippingAddress: address } }: { readonly order: Order }) {
  if (!address) return null;
  const town = [address.postalCode, address.city].filter(Boolean).join(" ");
  const lines = [
    address.fullName,
    address.line1,
    address.line2,
    town,
    address.region,
    countryName(address.countryCode),
  ];
  return (
    <section className="panel" aria-labelledby="address">
      <h2 id="address">
        <MapPin aria-hidden size={19} /> Where it goes
      </h2>
      <address>
        {lines.filter(Boolean).map((line) => (
          <span key={line}>{line}</span>
        ))}
      </address>
    </section>
  );
}

function PaymentPanel({ order: { payment } }: { readonly order: Order }) {
  if (!payment) return null;
  const { cardBrand, cardLast4, status, amount, refunded } = payment;
  return (
    <section className="panel" aria-labelledby="payment">
      <h2 id="payment">
        <CreditCard aria-hidden size={19} /> Payment
      </h2>
      {cardLast4 && (
        <p className="tabular">
          {brandName(cardBrand)} •••• {cardLast4}
        </p>
      )}
      <p className="soft">
        {PAYMENT_WORDS[status]}
        {amount && amount.minorUnits > 0n && ` · ${formatMoney(amount)}`}
      </p>
      {refunded && refunded.minorUnits > 0n && <p className="soft">{formatMoney(refunded)} went back to you</p>}
    </section>
  );
}
