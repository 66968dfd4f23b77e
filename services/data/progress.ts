import type { Progress } from "./copy.ts";

/** Shows how far a long work is. */
export interface ProgressView {
  show(progress: Progress): void;
  /** Makes room for a sentence. */
  done(): void;
}

/** Where it is shown: standard error, or what stands for it. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const REWRITE_MS = 200;
const LINE_MS = 10_000;
const MS_PER_SECOND = 1_000;
/** Before that a rate means nothing. */
const RATE_AFTER_SECONDS = 0.5;
const CLEAR_LINE = "\r\x1b[K";

function textOf({ phase, collection, done, total }: Progress, seconds: number): string {
  // What is new since it was counted makes it more than all.
  const all = total === undefined || total < done ? "" : ` of ${total}`;
  const rate = seconds > RATE_AFTER_SECONDS ? `, ${Math.round(done / seconds)}/s` : "";
  return `${phase} ${collection}: ${done}${all}${rate}`;
}

/**
 * Progress at a terminal, on one line that is rewritten; elsewhere, such as in a job's log, a line for each collection that
 * has something, and one now and then while it takes long.
 */
export function createProgressView(out: ProgressOutput, nowMs: () => number = () => performance.now()): ProgressView {
  let last: Progress | undefined;
  let isShown = true;
  let beganMs = 0;
  let shownMs = 0;
  const write = (progress: Progress) => {
    const text = textOf(progress, (nowMs() - beganMs) / MS_PER_SECOND);
    out.write(out.isTTY === true ? CLEAR_LINE + text : `${text}\n`);
    isShown = true;
    shownMs = nowMs();
  };
  const end = () => {
    if (last !== undefined && !isShown && last.done > 0 && out.isTTY !== true) write(last);
  };
  return {
    show(progress) {
      if (progress.collection !== last?.collection || progress.phase !== last.phase) {
        end();
        beganMs = nowMs();
        if (out.isTTY !== true) shownMs = beganMs;
      }
      last = progress;
      isShown = false;
      if (nowMs() - shownMs >= (out.isTTY === true ? REWRITE_MS : LINE_MS)) write(progress);
    },
    done() {
      end();
      if (out.isTTY === true) out.write(CLEAR_LINE);
      last = undefined;
    },
  };
}
