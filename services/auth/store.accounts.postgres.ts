import type { UserEvent } from "#gen/shop/events/v1/user_event_pb.js";
import type { RoleClaim } from "#kit/identity/access-token.ts";
import type { Database, Queryable } from "#kit/postgres/database.ts";
import type { Account, AccountStore, Member } from "./store.ts";

/** A member as a query answers one. */
export interface MemberRow {
  readonly user_id: string;
  readonly email: string;
  readonly display_name: string;
  readonly role: RoleClaim;
  readonly create_time: Date;
  readonly version: number;
}
type AccountRow = MemberRow & { readonly password_hash: string };

export const toMember = (row: MemberRow): Member => ({
  userId: row.user_id,
  email: row.email,
  displayName: row.display_name,
  role: row.role,
  createMs: row.create_time.getTime(),
  version: row.version,
});
const toAccount = (row: AccountRow): Account => ({ ...toMember(row), passwordHash: row.password_hash });

/** Holds off others who do the same until the transaction ends. */
export const lock = (tx: Queryable, name: string) =>
  tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`auth ${name}`]);

/** Accounts in PostgreSQL. `append` puts an event into the outbox as part of a transaction. */
export function createPostgresAccounts(
  database: Database,
  append: (tx: Queryable, event: UserEvent) => Promise<void>,
): AccountStore {
  const insertAccount = async (tx: Queryable, account: Account, event: UserEvent): Promise<boolean> => {
    const { userId, email, displayName, role, passwordHash, createMs, version } = account;
    const { rowCount } = await tx.query(
      `INSERT INTO users (user_id, email, display_name, role, password_hash, create_time, version)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (email) DO NOTHING`,
      [userId, email, displayName, role, passwordHash, new Date(createMs), version],
    );
    if (rowCount !== 1) return false;
    await append(tx, event);
    return true;
  };
  const firstAdministrator = async (on: Queryable): Promise<Account | undefined> => {
    const { rows } = await on.query<AccountRow>(
      "SELECT * FROM users WHERE role = 'admin' ORDER BY create_time, user_id LIMIT 1",
    );
    return rows.map(toAccount)[0];
  };
  return {
    insertAccount: (account, event) => database.transaction((tx) => insertAccount(tx, account, event)),
    insertFirstAdministrator: (account, event) =>
      database.transaction(async (tx) => {
        await lock(tx, "first administrator");
        if ((await firstAdministrator(tx)) !== undefined) return "exists";
        return (await insertAccount(tx, account, event)) ? "created" : "email_taken";
      }),
    firstAdministrator: () => firstAdministrator(database),
    async accountByEmail(email) {
      const { rows } = await database.query<AccountRow>("SELECT * FROM users WHERE email = $1", [email]);
      return rows.map(toAccount)[0];
    },
    updateProfile: (userId, change) =>
      database.transaction(async (tx) => {
        const { rows } = await tx.query<AccountRow>("SELECT * FROM users WHERE user_id = $1 FOR UPDATE", [userId]);
        const current = rows.map(toMember)[0];
        const changed = current && change(current);
        if (changed === undefined) return current;
        const updated = await tx.query<AccountRow>(
          "UPDATE users SET display_name = $2, version = version + 1 WHERE user_id = $1 RETURNING *",
          [userId, changed.displayName],
        );
        await append(tx, changed.event);
        return updated.rows.map(toMember)[0];
      }),
  };
}
