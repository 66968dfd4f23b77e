import { Code } from "@connectrpc/connect";

/** Chooses which of many events of a kind are told. */
export interface Sampler {
  /** How many of the kind were left out since the last that was told, or undefined if this one is left out as well. */
  take(kind: object, code: number): number | undefined;
}

const PERIOD_MS = 1_000;
const FIRST_OF_PERIOD = 10;
const THEN_ONE_OF = 1_000;
const CODES = Math.max(...Object.values(Code).filter((it) => typeof it === "number")) + 1;

interface Window {
  sinceMs: number;
  seen: number;
  leftOut: number;
}

/**
 * In each second the first ten events of a kind and code, and of those that follow one in a thousand, as zap's sampling
 * does (https://pkg.go.dev/go.uber.org/zap/zapcore#NewSamplerWithOptions).
 */
export function createSampler(nowMs: () => number): Sampler {
  const windows = new Map<object, Window[]>();
  const windowOf = (kind: object, code: number): Window => {
    let ofKind = windows.get(kind);
    if (ofKind === undefined) {
      ofKind = Array.from({ length: CODES }, () => ({ sinceMs: Number.NEGATIVE_INFINITY, seen: 0, leftOut: 0 }));
      windows.set(kind, ofKind);
    }
    return ofKind[code] ?? { sinceMs: 0, seen: 0, leftOut: 0 };
  };
  return {
    take(kind, code) {
      const window = windowOf(kind, code);
      const now = nowMs();
      if (now - window.sinceMs >= PERIOD_MS) {
        window.sinceMs = now;
        window.seen = 0;
      }
      window.seen += 1;
      if (window.seen > FIRST_OF_PERIOD && window.seen % THEN_ONE_OF !== 0) {
        window.leftOut += 1;
        return undefined;
      }
      const { leftOut } = window;
      window.leftOut = 0;
      return leftOut;
    },
  };
}
