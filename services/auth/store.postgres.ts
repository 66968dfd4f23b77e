import type { UserEvent } from "#gen/shop/events/v1/user_event_pb.js";
import type { Database, Queryable } from "#kit/postgres/database.ts";
import { MEMORY_MS, NO_ATTEMPTS } from "./lockout.ts";
import type { SigningKey } from "./signing-keys.ts";
import { createPostgresAccounts, lock } from "./store.accounts.postgres.ts";
import { createPostgresSessions } from "./store.sessions.postgres.ts";
import type { AttemptStore, AuthStore, KeyStore } from "./store.ts";

type AttemptsRow = { readonly failures: number; readonly last_time: Date; readonly locked_until_time: Date };
type KeyRow = Record<"kid" | "private_pem", string> &
  Record<"sign_from_time" | "sign_until_time" | "publish_until_time", Date>;

const toKey = (row: KeyRow): SigningKey => ({
  kid: row.kid,
  privatePem: row.private_pem,
  signFromMs: row.sign_from_time.getTime(),
  signUntilMs: row.sign_until_time.getTime(),
  publishUntilMs: row.publish_until_time.getTime(),
});

function createAttempts(database: Database): AttemptStore {
  return {
    countAttempt: (emailHash, next) =>
      database.transaction(async (tx) => {
        const none = new Date(0);
        // The update changes nothing, but locks the row and answers it.
        const { rows } = await tx.query<AttemptsRow>(
          `INSERT INTO sign_in_attempts AS a (email_hash, failures, last_time, locked_until_time) VALUES ($1, 0, $2, $2)
           ON CONFLICT (email_hash) DO UPDATE SET failures = a.failures RETURNING *`,
          [emailHash, none],
        );
        const row = rows[0];
        const before = row
          ? { failures: row.failures, lastMs: row.last_time.getTime(), lockedUntilMs: row.locked_until_time.getTime() }
          : NO_ATTEMPTS;
        const { failures, lastMs, lockedUntilMs } = next(before);
        await tx.query(
          "UPDATE sign_in_attempts SET failures = $2, last_time = $3, locked_until_time = $4 WHERE email_hash = $1",
          [emailHash, failures, new Date(lastMs), new Date(lockedUntilMs)],
        );
        return before;
      }),
    async forgetAttempts(emailHash) {
      await database.query("DELETE FROM sign_in_attempts WHERE email_hash = $1", [emailHash]);
    },
  };
}

function createKeys(database: Database): KeyStore {
  const signingKeys = async (on: Queryable) =>
    (await on.query<KeyRow>("SELECT * FROM signing_keys ORDER BY sign_from_time")).rows.map(toKey);

  return {
    signingKeys: () => signingKeys(database),
    addSigningKey: (plan) =>
      database.transaction(async (tx) => {
        await lock(tx, "signing keys");
        const key = plan(await signingKeys(tx));
        if (key !== undefined) {
          await tx.query(
            "INSERT INTO signing_keys (kid, private_pem, sign_from_time, sign_until_time, publish_until_time) VALUES ($1, $2, $3, $4, $5)",
            [
              key.kid,
              key.privatePem,
              new Date(key.signFromMs),
              new Date(key.signUntilMs),
              new Date(key.publishUntilMs),
            ],
          );
        }
        return signingKeys(tx);
      }),
  };
}

/** What auth keeps, in PostgreSQL. `append` puts an event into the outbox as part of a transaction. */
export function createPostgresStore(
  database: Database,
  append: (tx: Queryable, event: UserEvent) => Promise<void>,
): AuthStore {
  return {
    ...createPostgresAccounts(database, append),
    ...createPostgresSessions(database),
    ...createAttempts(database),
    ...createKeys(database),
    async sweep(nowMs, limit) {
      const now = new Date(nowMs);
      const old = [
        // Before the sessions, which take the tokens they still have along.
        ["refresh_tokens", "expire_time < $1", now],
        ["sessions", "expire_time < $1", now],
        ["sign_in_attempts", "last_time < $1", new Date(nowMs - MEMORY_MS)],
        ["signing_keys", "publish_until_time < $1", now],
      ] as const;
      let most = 0;
      for (const [table, condition, time] of old) {
        const { rowCount } = await database.query(
          `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${condition} LIMIT $2 FOR UPDATE SKIP LOCKED))`,
          [time, limit],
        );
        most = Math.max(most, rowCount ?? 0);
      }
      return most;
    },
  };
}
