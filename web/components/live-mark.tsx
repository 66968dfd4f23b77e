import type { LiveState } from "../lib/live.ts";
import "./live-mark.css";

const WORDS: Readonly<Record<LiveState, string>> = {
  connecting: "Connecting…",
  live: "Live",
  waiting: "Reconnecting…",
  ended: "Up to date",
  failed: "Not live",
};

/** Whether a page is followed live. */
export function LiveMark({ state }: { readonly state: LiveState }) {
  return (
    <span className="live-mark" data-state={state} role="status">
      <span className="live-dot" />
      {WORDS[state]}
    </span>
  );
}
