import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { AuthService, type SignInRequestSchema, type SignUpRequestSchema } from "#gen/shop/auth/v1/auth_service_pb.js";
import { type AccessToken, Role, type User } from "#gen/shop/auth/v1/user_pb.js";

/** A token is renewed when less than this is left of it, or a fifth of its life if that is less. */
const RENEW_BEFORE_MS = 30_000;
/** Says in localStorage that a refresh cookie may be there. Not a secret: it only spares newcomers a call that fails. */
const FLAG = "shopmesh-had-session";
const LOCK = "shopmesh-session";

/** Who is there. */
export interface SessionState {
  /** "starting" until it is known whether the browser holds a session. */
  readonly phase: "starting" | "nobody" | "guest" | "signed-in";
  readonly user: User | undefined;
}

/** Who has to be there for a call: anybody, somebody with a token (guests included), or somebody with an account. */
export type Need = "anybody" | "guest" | "account";

/** What a session stands on; in the browser localStorage, navigator.locks and a BroadcastChannel. */
export interface SessionDeps {
  /** Carries the calls of AuthService. They need no access token, so it has no interceptors. */
  readonly transport: Transport;
  readonly flags: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** Keeps two tabs from using one refresh token at once. */
  readonly locks?: { request<T>(name: string, work: () => Promise<T>): Promise<T> } | undefined;
  /** Tells other tabs, and hears from them, that somebody else is there now. */
  readonly channel?: Pick<BroadcastChannel, "postMessage" | "onmessage"> | undefined;
  readonly nowMs?: () => number;
}

interface HeldToken {
  readonly token: string;
  readonly renewAtMs: number;
}

export type Session = ReturnType<typeof createSession>;

/**
 * The session of this browser. The access token lives in this closure and nowhere else; the refresh token is in an
 * HttpOnly cookie that no script sees.
 */
export function createSession({ transport, flags, locks, channel, nowMs = Date.now }: SessionDeps) {
  const auth = createClient(AuthService, transport);
  const listeners = new Set<() => void>();
  let state: SessionState = { phase: "starting", user: undefined };
  let held: HeldToken | undefined;
  let renewal: Promise<void> | undefined;
  let welcome: Promise<void> | undefined;

  function become(user: User | undefined, token: HeldToken | undefined): void {
    held = token;
    const phase = user === undefined ? "nobody" : user.role === Role.GUEST ? "guest" : "signed-in";
    if (token) flags.setItem(FLAG, "1");
    state = { phase, user };
    for (const listener of listeners) listener();
  }

  /** Runs a call that answers a token and takes it over. */
  async function adopt(
    call: (options: {
      onHeader: (header: Headers) => void;
    }) => Promise<{ user?: User | undefined; accessToken?: AccessToken | undefined }>,
  ): Promise<void> {
    let serverNowMs = Number.NaN;
    const answer = await call({ onHeader: (header) => (serverNowMs = Date.parse(header.get("date") ?? "")) });
    const { user, accessToken } = answer;
    if (user === undefined || accessToken?.expireTime === undefined) throw new ConnectError("no token", Code.Internal);
    // The server's clock, not this machine's, says how long the token lives.
    const lifeMs = timestampMs(accessToken.expireTime) - (Number.isNaN(serverNowMs) ? nowMs() : serverNowMs);
    const renewAtMs = nowMs() + lifeMs - Math.min(RENEW_BEFORE_MS, lifeMs / 5);
    become(user, { token: accessToken.token, renewAtMs });
  }

  const exclusive = (work: () => Promise<void>) => (locks ? locks.request(LOCK, work) : work());

  async function exchange(): Promise<void> {
    try {
      await adopt((options) => auth.refreshToken({}, options));
    } catch (error) {
      if (ConnectError.from(error).code !== Code.Unauthenticated) throw error;
      flags.removeItem(FLAG);
      become(undefined, undefined);
    }
  }

  /** Gets a new token by the cookie: once, however many ask at the same time. */
  function renew(): Promise<void> {
    renewal ??= exclusive(exchange).finally(() => (renewal = undefined));
    return renewal;
  }

  function becomeGuest(): Promise<void> {
    welcome ??= exclusive(async () => {
      // Another tab may have begun a session while this one waited for the lock.
      if (flags.getItem(FLAG)) await exchange();
      if (!held) await adopt((options) => auth.signInAsGuest({}, options));
    }).finally(() => (welcome = undefined));
    return welcome;
  }

  const isStale = () => held !== undefined && nowMs() >= held.renewAtMs;

  async function token(need: Need): Promise<string | undefined> {
    if (need === "anybody") return isStale() ? undefined : held?.token;
    if (isStale() || (!held && flags.getItem(FLAG))) await renew();
    if (!held && need === "guest") await becomeGuest();
    return held?.token;
  }

  /** The guest's token from before is what moves the guest's cart over afterwards. */
  async function enter(call: Parameters<typeof adopt>[0]): Promise<{ guestToken: string | undefined }> {
    const guestToken = state.phase === "guest" ? await token("guest") : undefined;
    await exclusive(() => adopt(call));
    channel?.postMessage("changed");
    return { guestToken };
  }

  async function reload(): Promise<void> {
    held = undefined;
    if (!flags.getItem(FLAG)) return become(undefined, undefined);
    await renew().catch(() => become(undefined, undefined));
  }
  if (channel) channel.onmessage = () => void reload();

  return {
    state: () => state,
    /** Calls back on every change of the state; returns how to stop it. */
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** Finds out who is there. It does not fail: where the shop cannot be reached, the next call tries again. */
    start: reload,
    /** A token that will hold for a call with this need; a guest is made where that is enough. Undefined: sign in first. */
    token,
    /** A service did not accept this token: gets another, unless that has happened already. */
    async replace(refused: string): Promise<string | undefined> {
      if (held?.token === refused) await renew();
      return held?.token;
    },
    signIn: (init: MessageInitShape<typeof SignInRequestSchema>) => enter((options) => auth.signIn(init, options)),
    signUp: (init: MessageInitShape<typeof SignUpRequestSchema>) => enter((options) => auth.signUp(init, options)),
    /** Ends the session, here and at the server. */
    async signOut(): Promise<void> {
      await exclusive(async () => void (await auth.signOut({})));
      flags.removeItem(FLAG);
      become(undefined, undefined);
      channel?.postMessage("changed");
    },
    /** Takes over a profile that was changed. */
    update: (user: User) => become(user, held),
  };
}
