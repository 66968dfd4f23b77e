import type { Progress } from "./copy.ts";

/** Shows how far a long work is. */
export interface ProgressView {
  show(progress: Progress): void;
  /** Ends the line that is being rewritten. */
  done(): void;
}

const REWRITE_MS = 200;
const LINE_MS = 10_000;
const MS_PER_SECOND = 1_000;

function textOf({ collection, done, total }: Progress, seconds: number): string {
  // What is new since it was counted makes it more than all.
  const all = total === undefined || total < done ? "" : ` of ${total}`;
  const rate = seconds > 0.5 ? `, ${Math.round(done / seconds)}/s` : "";
  return `${collection}: ${done}${all}${rate}`;
}

/** Progress at a terminal, on one line that is rewritten; elsewhere, such as in a job's log, a line now and then. */
export function createProgressView(out: NodeJS.WriteStream): ProgressView {
  let collection = "";
  let beganMs = 0;
  let shownMs = Number.NEGATIVE_INFINITY;
  const everyMs = out.isTTY ? REWRITE_MS : LINE_MS;
  const end = () => {
    if (out.isTTY && collection !== "") out.write("\n");
  };
  return {
    show(progress) {
      const nowMs = performance.now();
      const isNew = progress.collection !== collection;
      if (isNew) {
        if (progress.done > 0 || collection !== "") end();
        collection = progress.collection;
        beganMs = nowMs;
      }
      const isLast = progress.done === progress.total;
      if (!isNew && !isLast && nowMs - shownMs < everyMs) return;
      if (!out.isTTY && isNew) return;
      shownMs = nowMs;
      const text = textOf(progress, (nowMs - beganMs) / MS_PER_SECOND);
      out.write(out.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
    },
    done() {
      end();
      collection = "";
    },
  };
}
