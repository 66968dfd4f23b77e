import { randomUUID } from "node:crypto";
import { create, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { OrderEventSchema } from "#gen/shop/events/v1/order_event_pb.js";
import { OrderSchema } from "#gen/shop/order/v1/order_pb.js";
import type { Events } from "#kit/events/events.ts";
import type { Database, Queryable } from "#kit/postgres/database.ts";
import { ORDER_CHANGED } from "./changes.ts";
import type { EventCase, OrderRecord, OrderStore, PendingRefund, Step } from "./store.ts";

interface Row {
  document: JsonValue;
  step: Step;
  payment_token: string;
  expected_total: number | null;
  failure: Record<string, string>;
  reserved_until: Date | null;
  version: number;
  attempts: number;
  fingerprint: string;
}

const COLUMNS =
  "document, step, payment_token, expected_total, failure, reserved_until, version, attempts, fingerprint";

function recordOf(row: Row): OrderRecord {
  return {
    // A field that a newer version stored must not stop an older one during an update.
    order: fromJson(OrderSchema, row.document, { ignoreUnknownFields: true }),
    step: row.step,
    paymentToken: row.payment_token,
    expectedTotal: row.expected_total ?? undefined,
    failure: row.failure,
    reservedUntil: row.reserved_until ?? undefined,
    version: row.version,
    attempts: row.attempts,
  };
}

/** Tells those who watch it of the order that was `changed`. */
const TELL = `SELECT pg_notify('${ORDER_CHANGED}', order_id::text) FROM changed`;

const REFUND_COLUMNS = 'request_id AS "requestId", order_id AS "orderId", amount, done';

/** Orders in PostgreSQL, one row each; every change tells those who watch (NOTIFY) and goes to the outbox with its events. */
export function createPostgresStore(database: Database, events: Events): OrderStore {
  async function publish(tx: Queryable, record: OrderRecord, happened: readonly EventCase[]): Promise<void> {
    const { orderId, userId } = record.order;
    for (const event of happened) {
      const message = create(OrderEventSchema, {
        eventId: randomUUID(),
        occurTime: timestampFromDate(new Date()),
        orderId,
        userId,
        event,
      });
      await events.append(tx, OrderEventSchema, message, orderId);
    }
  }

  /** The record as it will be stored: the next version, with the etag and times that follow from it. */
  function next(record: OrderRecord): OrderRecord {
    const version = record.version + 1;
    return {
      ...record,
      version,
      order: { ...record.order, updateTime: timestampFromDate(new Date()), etag: `${version}` },
    };
  }

  /** Stores a changed order and tells who watches it; false if somebody else was faster. */
  async function update(tx: Queryable, stored: OrderRecord, leaseMs: number): Promise<boolean> {
    const { order } = stored;
    const { rowCount } = await tx.query(
      `WITH changed AS (
         UPDATE orders SET status = $3, document = $4, step = $5, failure = $6, reserved_until = $7, version = version + 1,
           attempts = $8, due_at = now() + $9 * interval '1 millisecond', updated_at = now()
         WHERE order_id = $1 AND version = $2 RETURNING order_id
       ) ${TELL}`,
      [
        order.orderId,
        stored.version - 1,
        order.status,
        JSON.stringify(toJson(OrderSchema, order)),
        stored.step,
        stored.failure,
        stored.reservedUntil ?? null,
        stored.attempts,
        leaseMs,
      ],
    );
    return rowCount === 1;
  }

  return {
    async create({ record, requestId, fingerprint }, leaseMs) {
      return database.transaction(async (tx) => {
        const stored = next(record);
        const { order } = stored;
        const { rowCount } = await tx.query(
          `WITH changed AS (
             INSERT INTO orders (order_id, user_id, request_id, fingerprint, status, document, step, payment_token, expected_total,
               version, due_at, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now() + $11 * interval '1 millisecond', $12, now())
             ON CONFLICT DO NOTHING RETURNING order_id
           ) ${TELL}`,
          [
            order.orderId,
            order.userId,
            requestId,
            fingerprint,
            order.status,
            JSON.stringify(toJson(OrderSchema, order)),
            stored.step,
            stored.paymentToken,
            stored.expectedTotal ?? null,
            stored.version,
            leaseMs,
            order.createTime === undefined ? new Date() : timestampDate(order.createTime),
          ],
        );
        if (rowCount === 0) return false;
        const lines = order.lines.map(({ productId, quantity }) => ({
          $typeName: "shop.events.v1.OrderEventLine" as const,
          productId,
          quantity,
        }));
        await publish(tx, stored, [{ case: "placed", value: { $typeName: "shop.events.v1.OrderPlaced", lines } }]);
        return true;
      });
    },
    async byId(orderId) {
      const { rows } = await database.query<Row>(`SELECT ${COLUMNS} FROM orders WHERE order_id = $1`, [orderId]);
      return rows[0] && recordOf(rows[0]);
    },
    async byRequest(userId, requestId) {
      const { rows } = await database.query<Row>(
        `SELECT ${COLUMNS} FROM orders WHERE user_id = $1 AND request_id = $2`,
        [userId, requestId],
      );
      return rows[0] && { record: recordOf(rows[0]), fingerprint: rows[0].fingerprint };
    },
    async checkoutOf(userId) {
      const { rows } = await database.query<Row>(
        `SELECT ${COLUMNS} FROM orders WHERE user_id = $1 AND step NOT IN ('undo', 'done')`,
        [userId],
      );
      return rows[0] && recordOf(rows[0]);
    },
    async list({ userId, status, after, limit, mayBeStale }) {
      const { rows } = await (mayBeStale ? database.replica : database).query<Row>(
        `SELECT ${COLUMNS} FROM orders
         WHERE ($1::uuid IS NULL OR user_id = $1) AND ($2::smallint IS NULL OR status = $2)
           AND ($3::timestamptz IS NULL OR (created_at, order_id) < ($3, $4::uuid))
         ORDER BY created_at DESC, order_id DESC LIMIT $5`,
        [userId ?? null, status ?? null, after?.createdAt ?? null, after?.orderId ?? null, limit],
      );
      return rows.map(recordOf);
    },
    async save(record, happened, leaseMs) {
      const stored = next(record);
      // Where nothing else is written, the statement is a transaction by itself.
      if (happened.length === 0) return (await update(database, stored, leaseMs)) ? stored : undefined;
      return database.transaction(async (tx) => {
        if (!(await update(tx, stored, leaseMs))) return undefined;
        await publish(tx, stored, happened);
        return stored;
      });
    },
    async postpone(orderId, version, pauseMs) {
      await database.query(
        `WITH changed AS (
           UPDATE orders SET attempts = attempts + 1, due_at = now() + $3 * interval '1 millisecond'
           WHERE order_id = $1 AND version = $2 RETURNING order_id
         ) ${TELL}`,
        [orderId, version, pauseMs],
      );
    },
    async claimUnfinished(limit, leaseMs) {
      const { rows } = await database.query<Row>(
        `UPDATE orders SET due_at = now() + $2 * interval '1 millisecond'
         WHERE order_id IN (SELECT order_id FROM orders WHERE step <> 'done' AND due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING ${COLUMNS}`,
        [limit, leaseMs],
      );
      return rows.map(recordOf);
    },
    async underWay(unchangedSince, limit) {
      const { rows } = await database.query<Row>(
        `SELECT ${COLUMNS} FROM orders WHERE step = 'done' AND status IN (2, 3) AND updated_at <= $1 ORDER BY updated_at LIMIT $2`,
        [unchangedSince, limit],
      );
      return rows.map(recordOf);
    },
    async refundById(requestId) {
      const { rows } = await database.query<PendingRefund>(
        `SELECT ${REFUND_COLUMNS} FROM refunds WHERE request_id = $1`,
        [requestId],
      );
      return rows[0];
    },
    async createRefund({ requestId, orderId, amount }) {
      const { rows } = await database.query<PendingRefund>(
        `INSERT INTO refunds (request_id, order_id, amount) VALUES ($1, $2, $3)
         ON CONFLICT (request_id) DO UPDATE SET request_id = EXCLUDED.request_id RETURNING ${REFUND_COLUMNS}`,
        [requestId, orderId, amount],
      );
      return rows[0] as PendingRefund;
    },
    async dropRefund(requestId) {
      await database.query("DELETE FROM refunds WHERE request_id = $1 AND NOT done", [requestId]);
    },
    async unfinishedRefunds(olderThan, limit) {
      const { rows } = await database.query<PendingRefund>(
        `SELECT ${REFUND_COLUMNS} FROM refunds WHERE NOT done AND created_at <= $1 ORDER BY created_at LIMIT $2`,
        [olderThan, limit],
      );
      return rows;
    },
    async finishRefund(refund, record, happened) {
      return database
        .transaction(async (tx) => {
          const { rowCount } = await tx.query("UPDATE refunds SET done = true WHERE request_id = $1 AND NOT done", [
            refund.requestId,
          ]);
          // Somebody else finished it: its event is out.
          if (rowCount === 0) return record;
          const stored = next(record);
          if (!(await update(tx, stored, 0))) throw new ChangedMeanwhile();
          await publish(tx, stored, happened);
          return stored;
        })
        .catch((error: unknown) => {
          if (error instanceof ChangedMeanwhile) return undefined;
          throw error;
        });
    },
  };
}

/** Rolls a transaction back because somebody else was faster. */
class ChangedMeanwhile extends Error {}
