import { Code, ConnectError } from "@connectrpc/connect";
import type { Logger } from "pino";

/** Milliseconds a part of a page may take: the page does without a slower one. */
export const PART_TIMEOUT_MS = 800;

/** What came of the parts of a page. */
export interface Gathered<T> {
  /** Each part's answer; undefined where it is missing. */
  readonly parts: { readonly [K in keyof T]: Awaited<T[K]> | undefined };
  /** Names of the parts that failed, in the order they were asked for. */
  readonly missing: string[];
}

/** Waits for all parts of a page. One that fails is missing and noted in the log; it never fails the whole. */
export async function gather<T extends Record<string, Promise<unknown>>>(
  wanted: T,
  log: Logger | undefined,
): Promise<Gathered<T>> {
  const names = Object.keys(wanted);
  const settled = await Promise.allSettled(Object.values(wanted));
  const parts: Record<string, unknown> = {};
  const missing: string[] = [];
  for (const [index, result] of settled.entries()) {
    const name = names[index] ?? "";
    if (result.status === "fulfilled") parts[name] = result.value;
    else {
      missing.push(name);
      // Cancelled: nobody waits for the page any more.
      if (ConnectError.from(result.reason).code !== Code.Canceled)
        log?.warn({ err: result.reason, part: name }, "a part of a page is missing");
    }
  }
  return { parts: parts as Gathered<T>["parts"], missing };
}
