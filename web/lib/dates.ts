import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { LOCALE } from "./money.ts";

const dayFormat = new Intl.DateTimeFormat(LOCALE, { dateStyle: "long" });
const momentFormat = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short" });
const clockFormat = new Intl.DateTimeFormat(LOCALE, { timeStyle: "medium" });

/** "21 November 2026" */
export const formatDay = (time: Timestamp | undefined) => (time ? dayFormat.format(timestampDate(time)) : "");
/** "21 Nov 2026, 14:05" */
export const formatMoment = (time: Timestamp | undefined) => (time ? momentFormat.format(timestampDate(time)) : "");
/** "14:05:09" */
export const formatClock = (time: Timestamp | undefined) => (time ? clockFormat.format(timestampDate(time)) : "");

/** A length of time in its two largest units: "3 h 12 min". */
export function formatDuration(seconds: bigint): string {
  const units: readonly [bigint, string][] = [
    [86_400n, "d"],
    [3600n, "h"],
    [60n, "min"],
    [1n, "s"],
  ];
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  let rest = seconds;
  const parts: string[] = [];
  for (const [size, name] of units.slice(first, first + 2)) {
    if (rest >= size) parts.push(`${rest / size} ${name}`);
    rest %= size;
  }
  return parts.join(" ");
}
