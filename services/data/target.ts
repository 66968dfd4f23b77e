import type { WritingSession } from "#kit/portable/session.ts";
import { StartError } from "#kit/start-error.ts";
import { totalsOf } from "./compare.ts";
import { isEmpty, type Progress } from "./copy.ts";
import { type Mark, readMark } from "./mark.ts";
import type { OpenShop } from "./shop.ts";

/** What a target is to what shall be carried into it. */
export type Condition =
  /** Nothing is in it. */
  | "empty"
  /** An earlier run from the same source was cut short. */
  | "begun"
  /** An earlier run from the same source was finished, and nothing happened since. */
  | "carried"
  /** It holds something else. */
  | "used";

async function firstFilled(target: OpenShop): Promise<string | undefined> {
  for (const it of target.collections) if (!(await isEmpty(it))) return it.name;
  return undefined;
}

/** The first collection that is not as it was when the mark was set. */
async function firstChanged(
  target: OpenShop,
  { totals }: Mark,
  onProgress: (it: Progress) => void,
): Promise<string | undefined> {
  for (const it of target.collections) {
    const before = totals[it.name];
    // What ends by itself changes without anybody's doing.
    if (it.expireMs !== undefined) continue;
    const now = await totalsOf(it, onProgress);
    if (now.records !== before?.records || now.checksum !== before.checksum) return it.name;
  }
  return undefined;
}

/**
 * Finds out whether a shop may be written to.
 * @param source the identity of what shall be carried into it
 * @returns its condition, and for a used one why it is taken for used
 * @throws StartError while services run on it
 */
export async function inspectTarget(
  target: OpenShop<WritingSession>,
  source: string,
  onProgress: (progress: Progress) => void,
): Promise<{ condition: Condition; mark: Mark | undefined; reason: string }> {
  const { live } = target;
  if (live.length > 0)
    throw new StartError(
      `Services run on ${target.name} (${live.join(", ")}): stop them first, nobody else may write to it meanwhile.`,
    );
  const mark = await readMark(target.postgres);
  if (mark?.source === source && mark.state !== "done") return { condition: "begun", mark, reason: "" };
  if (mark?.source === source) {
    const changed = await firstChanged(target, mark, onProgress);
    if (changed === undefined) return { condition: "carried", mark, reason: "" };
    return { condition: "used", mark, reason: `${changed} changed there since it was carried over` };
  }
  const filled = await firstFilled(target);
  if (filled === undefined) return { condition: "empty", mark, reason: "" };
  return { condition: "used", mark, reason: `there are ${filled} already` };
}
