import { type Change, EFFECTS } from "./diff-change.ts";
import { PAGE_WIDTH, type Style } from "./print.ts";
import { wrap } from "./text-table.ts";

/** What a comparison found. */
export interface Comparison {
  /** What this checkout was compared with, as it was asked for. */
  readonly ref: string;
  readonly commit: string;
  readonly notes: readonly string[];
  readonly changes: readonly Change[];
}

const HEADINGS: Readonly<Record<Change["effect"], [string, string]>> = {
  opens: ["Opens access", "+"],
  closes: ["Closes access", "-"],
  alters: ["Changes how calls are served", "~"],
};

/** A comparison as a page for people. */
export function printDiff({ ref, commit, notes, changes }: Comparison, style: Style = (_, text) => text): string {
  const against = commit.startsWith(ref) || ref.startsWith(commit) ? commit : `${ref} (${commit})`;
  const title =
    changes.length === 0
      ? `The mesh is the same as at ${against}.`
      : `The mesh now, compared with ${against}: ${changes.length} ${changes.length === 1 ? "change" : "changes"}`;
  const sections = EFFECTS.flatMap((effect) => {
    const [heading, mark] = HEADINGS[effect];
    const lines = changes
      .filter((it) => it.effect === effect)
      .flatMap(({ text }) => wrap(text, PAGE_WIDTH - 4).map((line, at) => `  ${at === 0 ? mark : " "} ${line}`));
    return lines.length === 0 ? [] : ["", style("bold", heading), ...lines];
  });
  const remarks = notes.flatMap((it) => wrap(it, PAGE_WIDTH)).map((it) => style("dim", it));
  return [style("bold", title), ...sections, ...(notes.length === 0 ? [] : ["", ...remarks]), ""].join("\n");
}
