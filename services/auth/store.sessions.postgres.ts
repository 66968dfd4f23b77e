import type { Database, Queryable } from "#kit/postgres/database.ts";
import { type MemberRow, toMember } from "./store.accounts.postgres.ts";
import type { SessionStore } from "./store.ts";

type SessionRow = MemberRow & { readonly session_id: string; readonly expire_time: Date };

// A guest's session has no user, and stands for one itself.
const SESSION = `
  SELECT s.session_id, s.expire_time, coalesce(u.user_id, s.session_id) AS user_id, coalesce(u.email, '') AS email,
    coalesce(u.display_name, '') AS display_name, coalesce(u.role, 'guest') AS role,
    coalesce(u.create_time, s.create_time) AS create_time, coalesce(u.version, 0) AS version
  FROM sessions s LEFT JOIN users u USING (user_id)`;

const insertToken = (tx: Queryable, sessionId: string, tokenHash: Buffer, expireMs: number) =>
  tx.query("INSERT INTO refresh_tokens (token_hash, session_id, expire_time) VALUES ($1, $2, $3)", [
    tokenHash,
    sessionId,
    new Date(expireMs),
  ]);

/** Sessions and their refresh tokens in PostgreSQL. */
export function createPostgresSessions(database: Database): SessionStore {
  return {
    insertSession: ({ sessionId, userId, createMs, expireMs }, tokenHash) =>
      database.transaction(async (tx) => {
        await tx.query("INSERT INTO sessions (session_id, user_id, create_time, expire_time) VALUES ($1, $2, $3, $4)", [
          sessionId,
          userId,
          new Date(createMs),
          new Date(expireMs),
        ]);
        if (tokenHash !== undefined) await insertToken(tx, sessionId, tokenHash, expireMs);
      }),
    async memberOf(sessionId, nowMs) {
      const { rows } = await database.query<SessionRow>(`${SESSION} WHERE s.session_id = $1 AND s.expire_time > $2`, [
        sessionId,
        new Date(nowMs),
      ]);
      return rows.map(toMember)[0];
    },
    refresh: (tokenHash, decide, next) =>
      database.transaction(async (tx) => {
        // All uses of a session's tokens pass here one after the other; what they see of the tokens is read after that.
        const sessions = await tx.query<SessionRow>(
          `${SESSION} WHERE s.session_id = (SELECT session_id FROM refresh_tokens WHERE token_hash = $1) FOR UPDATE OF s`,
          [tokenHash],
        );
        const tokens = await tx.query<{ replaced_time: Date | null }>(
          "SELECT replaced_time FROM refresh_tokens WHERE token_hash = $1",
          [tokenHash],
        );
        const [session, token] = [sessions.rows[0], tokens.rows[0]];
        if (session === undefined || token === undefined) return undefined;
        const sessionId = session.session_id;
        const member = toMember(session);
        const { step, expireMs } = decide({
          member,
          expireMs: session.expire_time.getTime(),
          replacedMs: token.replaced_time?.getTime(),
        });
        if (step === "rotate" || step === "join") {
          if (step === "rotate") {
            await tx.query(
              "UPDATE refresh_tokens SET replaced_time = $2 WHERE session_id = $1 AND replaced_time IS NULL",
              [sessionId, new Date(next.nowMs)],
            );
          }
          await insertToken(tx, sessionId, next.tokenHash, expireMs);
          await tx.query("UPDATE sessions SET expire_time = $2 WHERE session_id = $1", [sessionId, new Date(expireMs)]);
        } else await tx.query("DELETE FROM sessions WHERE session_id = $1", [sessionId]);
        return { sessionId, member, step };
      }),
    async endSession(tokenHash) {
      const { rows } = await database.query<{ session_id: string }>(
        `DELETE FROM sessions WHERE session_id = (SELECT session_id FROM refresh_tokens WHERE token_hash = $1)
         RETURNING session_id`,
        [tokenHash],
      );
      return rows[0]?.session_id;
    },
  };
}
