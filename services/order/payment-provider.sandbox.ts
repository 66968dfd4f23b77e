import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Card } from "#gen/shop/order/v1/order_pb.js";
import { PaymentStatus } from "#gen/shop/order/v1/payment_pb.js";
import type { Database, Queryable } from "#kit/postgres/database.ts";
import type { Charge, PaymentProvider } from "./payment-provider.ts";
import { ErrorReason, fail } from "./reasons.ts";
import { TEST_CARDS } from "./test-cards.ts";

interface Row {
  order_id: string;
  currency: string;
  amount: number;
  refunded: number;
  status: "authorized" | "captured" | "voided" | "declined";
  decline_code: string;
  barred: boolean;
  behaviour: string | null;
}

const SLOW_MS = 2_000;

function statusOf(row: Row): PaymentStatus {
  if (row.status === "authorized") return PaymentStatus.AUTHORIZED;
  if (row.status === "voided") return PaymentStatus.VOIDED;
  if (row.status === "declined") return PaymentStatus.DECLINED;
  if (row.refunded === 0) return PaymentStatus.CAPTURED;
  return row.refunded === row.amount ? PaymentStatus.REFUNDED : PaymentStatus.PARTIALLY_REFUNDED;
}

function chargeOf(row: Row): Charge {
  const { currency, amount, refunded, decline_code: declineCode } = row;
  return { status: statusOf(row), currency, amount, refunded, declineCode };
}

/** Says no to cards that are not test cards, so that nobody's real card is ever taken. */
function recognise(card: Card, now: Date) {
  const known = TEST_CARDS[card.number];
  const violation = (field: string, description: string) =>
    fail(ErrorReason.CARD_INVALID, description, {
      violations: [{ field: `card.${field}`, description, reason: "card" }],
    });
  if (known === undefined) throw violation("number", "This shop takes test cards only, such as 4242 4242 4242 4242.");
  const expired =
    card.expiryYear < now.getUTCFullYear() ||
    (card.expiryYear === now.getUTCFullYear() && card.expiryMonth < now.getUTCMonth() + 1);
  if (expired) throw violation("expiry_year", "The card has expired.");
  return known;
}

const SELECT = `SELECT c.order_id, c.currency, c.amount, c.refunded, c.status, c.decline_code, c.barred, m.behaviour
  FROM sandbox_charges c LEFT JOIN sandbox_methods m USING (token) WHERE order_id = $1`;

async function find(tx: Queryable, orderId: string): Promise<Row | undefined> {
  return (await tx.query<Row>(SELECT, [orderId])).rows[0];
}

async function lock(tx: Queryable, orderId: string): Promise<Row | undefined> {
  // Also keeps two first calls for one order apart, when there is no row to lock yet.
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`sandbox ${orderId}`]);
  return find(tx, orderId);
}

async function update(tx: Queryable, row: Row, change: Partial<Row>): Promise<Charge> {
  const next = { ...row, ...change };
  await tx.query(
    "UPDATE sandbox_charges SET status = $2, refunded = $3, decline_code = $4, barred = $5, updated_at = now() WHERE order_id = $1",
    [row.order_id, next.status, next.refunded, next.decline_code, next.barred],
  );
  return chargeOf(next);
}

async function bookRefund(tx: Queryable, row: Row, refundId: string, amount: number): Promise<Charge> {
  await tx.query("INSERT INTO sandbox_refunds (refund_id, order_id, amount) VALUES ($1, $2, $3)", [
    refundId,
    row.order_id,
    amount,
  ]);
  return update(tx, row, { refunded: row.refunded + amount });
}

/**
 * A payment provider for trying things out: keeps real books of authorisations, captures, voids and refunds, and takes
 * Stripe's test cards only. A card's number is looked up and dropped; the books know its brand and last four digits.
 */
export function createSandboxProvider(database: Database, now: () => Date = () => new Date()): PaymentProvider {
  return {
    async createPaymentMethod(card) {
      const { brand, behaviour } = recognise(card, now());
      const token = `pm_${randomBytes(16).toString("hex")}`;
      const last4 = card.number.slice(-4);
      await database.query("INSERT INTO sandbox_methods (token, brand, last4, behaviour) VALUES ($1, $2, $3, $4)", [
        token,
        brand,
        last4,
        behaviour,
      ]);
      return { token, brand, last4 };
    },
    async authorize({ orderId, token, currency, amount }) {
      const { rows } = await database.query<{ behaviour: string }>(
        "SELECT behaviour FROM sandbox_methods WHERE token = $1",
        [token],
      );
      const behaviour = rows[0]?.behaviour;
      if (behaviour === undefined) throw new Error("The payment method is not known");
      // Not within the transaction: a few slow cards would keep all connections from everybody else.
      if (behaviour === "slow") await sleep(SLOW_MS);
      return database.transaction(async (tx) => {
        const known = await lock(tx, orderId);
        if (known !== undefined) return chargeOf(known);
        const granted = behaviour === "ok" || behaviour === "slow" || behaviour === "late_decline";
        await tx.query(
          "INSERT INTO sandbox_charges (order_id, token, currency, amount, status, decline_code) VALUES ($1, $2, $3, $4, $5, $6)",
          [orderId, token, currency, amount, granted ? "authorized" : "declined", granted ? "" : behaviour],
        );
        return chargeOf((await find(tx, orderId)) as Row);
      });
    },
    async capture(orderId) {
      return database.transaction(async (tx) => {
        const row = await lock(tx, orderId);
        if (row === undefined) throw new Error("There is nothing to capture");
        if (row.status !== "authorized") return chargeOf(row);
        if (row.behaviour === "late_decline")
          return update(tx, row, { status: "declined", decline_code: "generic_decline" });
        return update(tx, row, { status: "captured" });
      });
    },
    async cancel(orderId) {
      return database.transaction(async (tx) => {
        const row = await lock(tx, orderId);
        if (row === undefined) {
          await tx.query(
            "INSERT INTO sandbox_charges (order_id, currency, amount, status, barred) VALUES ($1, '', 0, 'voided', true)",
            [orderId],
          );
          return undefined;
        }
        if (row.barred) return row.amount === 0 ? undefined : chargeOf(row);
        const barred = { ...row, barred: true };
        if (row.status === "authorized") return update(tx, barred, { status: "voided" });
        const left = row.status === "captured" ? row.amount - row.refunded : 0;
        return left > 0 ? bookRefund(tx, barred, `cancel_${orderId}`, left) : update(tx, barred, {});
      });
    },
    async refund({ orderId, refundId, amount }) {
      return database.transaction(async (tx) => {
        const row = await lock(tx, orderId);
        if (row === undefined || row.status !== "captured")
          throw fail(ErrorReason.REFUND_TOO_LARGE, "Nothing was paid.", { metadata: { refundable: "0" } });
        const { rowCount } = await tx.query("SELECT 1 FROM sandbox_refunds WHERE refund_id = $1", [refundId]);
        if (rowCount === 1) return chargeOf(row);
        const left = row.amount - row.refunded;
        if (amount > left)
          throw fail(ErrorReason.REFUND_TOO_LARGE, "That is more than is left of the payment.", {
            metadata: { refundable: `${left}` },
          });
        return bookRefund(tx, row, refundId, amount);
      });
    },
  };
}
