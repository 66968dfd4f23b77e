import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { UserService } from "#gen/shop/auth/v1/user_service_pb.js";
import { UserEventSchema } from "#gen/shop/events/v1/user_event_pb.js";
import { createTokenVerifier } from "#kit/identity/access-token.ts";
import { implement } from "#kit/implementation.ts";
import type { Kit, Main } from "#kit/kit.ts";
import { runAlone } from "#kit/run.ts";
import type { Schema } from "#kit/schema.ts";
import { createTokenIssuer } from "./access-tokens.ts";
import { createAccounts } from "./accounts.ts";
import { ensureAdministrator, type NewAdministrator } from "./administrator.ts";
import { deployment } from "./deployment.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { jwksRoute } from "./jwks.ts";
import { createPasswords } from "./passwords.ts";
import { createAuthService } from "./service.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { createPostgresStore } from "./store.postgres.ts";
import type { AuthStore } from "./store.ts";
import { createUserService } from "./user-service.ts";

/** What the process may do in auth's name once it serves. */
export interface AuthInProcess {
  /** An access token of the first administrator for some minutes, so that the start can use the shop's own calls. */
  issueAdministratorToken(): Promise<string>;
}

/** How auth is embedded into a process; all optional. */
export interface AuthOptions {
  /** Told once in the life of the database; by default a made-up password is written to standard output. */
  readonly onAdministratorCreated?: (account: NewAdministrator) => void;
  readonly onReady?: (auth: AuthInProcess) => void;
  /** bcrypt's cost; only tests want less than the default. */
  readonly passwordCost?: number;
  /** The clock of sessions, tokens and locks, for tests. */
  readonly nowMs?: () => number;
}

/** What it keeps. */
export const SCHEMA: Schema = { migrations: new URL("./migrations", import.meta.url), events: true };
const BRIEF_SESSION_MS = 5 * 60_000;

// Not by the log: that is kept, and read by many.
function showAdministrator({ email, password, madeUp }: NewAdministrator): void {
  if (madeUp) process.stdout.write(`The administrator is ${email} with the password ${password} (shown this once).\n`);
}

function inProcess(store: AuthStore, sessions: Sessions): AuthInProcess {
  return {
    async issueAdministratorToken() {
      const administrator = await store.firstAdministrator();
      if (administrator === undefined) throw new Error("There is no administrator");
      return (await sessions.startBrief(administrator, BRIEF_SESSION_MS)).token;
    },
  };
}

function countersOf({ metrics }: Kit) {
  const signUps = metrics.counter("shop_sign_ups_total", "Accounts made by their owners");
  const signIns = metrics.counter("shop_sign_ins_total", "Attempts to sign in, by how they ended", ["result"]);
  return { onSignUp: () => signUps.inc(), onSignIn: (result: string) => signIns.inc({ result }) };
}

/** Auth, embedded into a process. */
export function createMain(options: AuthOptions): Main {
  const { onAdministratorCreated = showAdministrator, onReady, passwordCost, nowMs = Date.now } = options;
  return async (kit) => {
    const { adminEmail: email, adminPassword: password } = kit.settings;
    const database = await kit.postgres(SCHEMA);
    const events = await kit.events(database);
    const store = createPostgresStore(database, (tx, event) => events.append(tx, UserEventSchema, event, event.userId));
    const passwords = createPasswords(passwordCost);
    const tokens = createTokenIssuer({ store, nowMs });
    const sessions = createSessions({ store, tokens, nowMs, onEnded: kit.revocations.revoke });
    const accounts = createAccounts({ store, passwords, nowMs, ...countersOf(kit) });
    const verifier = createTokenVerifier(() => tokens.publicKeys());
    const created = await ensureAdministrator({ store, passwords, nowMs }, { email, password });
    if (created !== undefined) onAdministratorCreated(created);
    kit.onClose(startHousekeeping({ store, nowMs, log: kit.log }));
    await kit.serve({
      services: [
        implement(AuthService, createAuthService({ accounts, sessions, store, verifier, nowMs })),
        implement(UserService, createUserService({ accounts, sessions })),
      ],
      http: jwksRoute(tokens, kit.log),
      httpPaths: deployment.http,
      ready: () => database.ping(),
    });
    onReady?.(inProcess(store, sessions));
  };
}

export const main: Main = createMain({});

if (import.meta.main) await runAlone("auth", main, SCHEMA);
