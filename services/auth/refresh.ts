import type { Member } from "./store.ts";

/** A refresh token at the moment it is used. */
export interface TokenUse {
  readonly member: Member;
  /** When its session ends for want of use. */
  readonly expireMs: number;
  /** When it was used up, itself or by a token issued beside it; undefined: it was not. */
  readonly replacedMs: number | undefined;
}

/**
 * What follows: "rotate": it and those beside it are replaced by a new one; "join": it was replaced a moment ago, another is
 * issued beside its successor; "reused" and "expired": the session ends.
 */
export type RefreshStep = "rotate" | "join" | "reused" | "expired";

/** Two tabs that share a cookie send the same token at once; so late after each other they are taken for that. */
export const RACE_GRACE_MS = 10_000;

/** Decides what the use of a refresh token leads to. */
export function refreshStep(use: Pick<TokenUse, "expireMs" | "replacedMs">, nowMs: number): RefreshStep {
  if (use.expireMs <= nowMs) return "expired";
  if (use.replacedMs === undefined) return "rotate";
  return nowMs - use.replacedMs <= RACE_GRACE_MS ? "join" : "reused";
}
