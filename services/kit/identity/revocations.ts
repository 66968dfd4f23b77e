import type { Logger } from "pino";
import { ACCESS_TOKEN_MS } from "./access-token.ts";

/**
 * Sessions that ended while access tokens of theirs still live. They are known here, so that a call needs to ask nobody;
 * without a Redis they are known to the process in which they ended alone.
 */
export interface Revocations {
  /** Whether a session has ended. */
  has(sessionId: string): boolean;
  /** A session has ended, here; whoever shares this tells the others. */
  revoke(sessionId: string): void;
  /** A session has ended, elsewhere. */
  learn(sessionId: string): void;
  /** Tells when a session ends: what lives as long as the session does. @returns the way not to be told */
  watch(sessionId: string, onEnd: () => void): () => void;
  /** Tells of every session that ends here. */
  onRevoke(tell: (sessionId: string) => void): void;
  /** The sessions that ended here, of those that are still known. */
  own(): Iterable<string>;
}

/** How far the clocks of those who issue and who check tokens may differ. */
const CLOCKS_DIFFER_MAX_MS = 60_000;
/** For how long an ended session must be known: as long as a token of it may live. */
export const REVOKED_FOR_MS = ACCESS_TOKEN_MS + CLOCKS_DIFFER_MAX_MS;
/** Sessions that are known to have ended; the oldest are forgotten first. */
const REVOKED_MAX = 250_000;

/** Ended sessions of a process. @param nowMs a clock, for tests */
export function createRevocations(
  log: Pick<Logger, "warn">,
  { max = REVOKED_MAX, nowMs = () => performance.now() } = {},
): Revocations {
  /** By session, when it may be forgotten and whether it ended here; the oldest first. */
  const ended = new Map<string, { readonly forgetAtMs: number; readonly isOwn: boolean }>();
  const watchers = new Map<string, Set<() => void>>();
  const tellers: ((sessionId: string) => void)[] = [];
  let told = false;
  const forgetOld = (atMs: number) => {
    for (const [sessionId, { forgetAtMs }] of ended) {
      if (forgetAtMs > atMs && ended.size <= max) return;
      if (forgetAtMs > atMs && !told)
        log.warn({ max }, "more sessions end than are remembered: some access tokens live on until they expire");
      told ||= forgetAtMs > atMs;
      ended.delete(sessionId);
    }
  };
  const add = (sessionId: string, isOwn: boolean): boolean => {
    if (ended.has(sessionId)) return false;
    const atMs = nowMs();
    ended.set(sessionId, { forgetAtMs: atMs + REVOKED_FOR_MS, isOwn });
    forgetOld(atMs);
    const waiting = watchers.get(sessionId);
    watchers.delete(sessionId);
    for (const onEnd of waiting ?? []) onEnd();
    return true;
  };
  return {
    has: (sessionId) => ended.has(sessionId),
    revoke(sessionId) {
      if (add(sessionId, true)) for (const tell of tellers) tell(sessionId);
    },
    learn: (sessionId) => void add(sessionId, false),
    watch(sessionId, onEnd) {
      const waiting = watchers.get(sessionId) ?? new Set();
      watchers.set(sessionId, waiting.add(onEnd));
      return () => {
        waiting.delete(onEnd);
        if (waiting.size === 0 && watchers.get(sessionId) === waiting) watchers.delete(sessionId);
      };
    },
    onRevoke: (tell) => void tellers.push(tell),
    own: () => ended.entries().flatMap(([sessionId, { isOwn }]) => (isOwn ? [sessionId] : [])),
  };
}
