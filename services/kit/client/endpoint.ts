import { runInBackground } from "../call.ts";
import { type BackoffPolicy, backoffMs } from "./backoff.ts";
import { openSession, type Session, type SessionOptions } from "./session.ts";
import type { Address } from "./target.ts";

/** One address and the connections to it: one, more only where the peer allows fewer streams than there are calls. */
export interface Endpoint {
  readonly address: Address;
  readonly sessions: readonly Session[];
  /** Whether a connection is being opened or verified. */
  readonly isBusy: boolean;
  /** Whether `connect` would do something now. */
  readonly isIdle: boolean;
  /** When it may be connected to again, on the clock of `performance.now()`; undefined if it may now. */
  readonly retryAtMs: number | undefined;
  readonly lastError: Error | undefined;
  /** Opens a connection if there is none and it may; verifies one that was idle for long. */
  connect(): void;
  /** Opens one more, since all are full. */
  expand(): void;
  /** Uses the address no more. */
  retire(): void;
  /** Ends all that is under way. */
  destroy(reason: Error): void;
}

/** How many connections are opened to one address. */
export const SESSIONS_MAX = 4;
// How long an address that could not be connected to is left alone.
const CONNECT_BACKOFF: BackoffPolicy = { baseMs: 50, factor: 1.6, maxMs: 5_000, jitter: 0.3 };

const isUsable = ({ state }: Session) => state !== "draining" && state !== "closed";

/** Connections to an address. `onChange` follows each change; `onFailure` each attempt that failed, before it. */
export function createEndpoint(options: {
  address: Address;
  sessions?: SessionOptions;
  onChange: () => void;
  onFailure: () => void;
}): Endpoint {
  const { address, onChange, onFailure } = options;
  let sessions: Session[] = [];
  let failures = 0;
  let retryAtMs: number | undefined;
  let retryTimer: NodeJS.Timeout | undefined;
  let lastError: Error | undefined;
  let retired = false;

  const mayOpen = () => !retired && retryAtMs === undefined;
  const failed = (error: Error | undefined) => {
    failures++;
    lastError = error;
    const waitMs = backoffMs(CONNECT_BACKOFF, failures);
    retryAtMs = performance.now() + waitMs;
    clearTimeout(retryTimer);
    retryTimer = setTimeout(() => {
      retryAtMs = undefined;
      onChange();
    }, waitMs).unref();
    onFailure();
  };
  const changed = (session: Session) => {
    if (session.state === "closed") {
      sessions = sessions.filter((it) => it !== session);
      // A peer that takes connections and ends them before any answer is no better than one that refuses them.
      if (session.proven) failures = 0;
      else if (!retired) failed(session.error);
    }
    onChange();
  };
  const open = () => {
    // A connection outlives the call that it is opened for.
    const session: Session = runInBackground(() => openSession(address, () => changed(session), options.sessions));
    sessions.push(session);
  };
  return {
    address,
    get sessions() {
      return sessions;
    },
    get isBusy() {
      return sessions.some(({ state }) => state === "connecting" || state === "verifying");
    },
    get isIdle() {
      if (sessions.some(({ state }) => state === "stale")) return true;
      return mayOpen() && !sessions.some(isUsable);
    },
    get retryAtMs() {
      return retryAtMs;
    },
    get lastError() {
      return lastError;
    },
    connect() {
      for (const it of sessions) it.verify();
      if (mayOpen() && !sessions.some(isUsable)) open();
    },
    expand() {
      const usable = sessions.filter(isUsable);
      const isFull = usable.every((it) => it.state === "ready" && it.outstanding >= it.capacity);
      if (isFull && usable.length < SESSIONS_MAX && mayOpen()) open();
    },
    retire() {
      retired = true;
      clearTimeout(retryTimer);
      for (const it of sessions) it.drain();
    },
    destroy(reason) {
      retired = true;
      clearTimeout(retryTimer);
      for (const it of [...sessions]) it.destroy(reason);
    },
  };
}
