import { isMessage, type Message } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, durationMs } from "@bufbuild/protobuf/wkt";
import { durationWords } from "../../words.ts";
import type { Rule, Rules } from "./rules.ts";

/** Text as code, what cannot be seen as an escape. */
function quoted(text: string): string {
  const escaped = (it: string) => (it < " " ? `\\x${it.charCodeAt(0).toString(16).padStart(2, "0")}` : it);
  return `\`${Array.from(text, escaped).join("")}\``;
}

function isDuration(value: unknown): value is Duration {
  return typeof value === "object" && value !== null && isMessage(value as Message, DurationSchema);
}

function valueWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueWords).join(", ");
  if (typeof value === "string") return quoted(value);
  return isDuration(value) ? durationWords(durationMs(value)) : String(value);
}

/** What lengths of this kind count. */
const UNITS: Readonly<Record<string, string>> = {
  string: " characters",
  bytes: " bytes",
  repeated: " items",
  map: " entries",
};
/** Rules that together make a range, the lower bound first. */
const RANGES = [
  ["min_len", "max_len"],
  ["min_bytes", "max_bytes"],
  ["min_items", "max_items"],
  ["min_pairs", "max_pairs"],
  ["gte", "lte"],
] as const;

const atLeast = (value: string, unit: string): string =>
  `at least ${value}${value === "1" ? unit.replace(/ies$/, "y").replace(/s$/, "") : unit}`;
const atMost = (value: string, unit: string): string => `at most ${value}${unit}`;

const WORDS: Readonly<Record<string, (value: string, unit: string) => string>> = {
  const: (value) => `exactly ${value}`,
  len: (value, unit) => `exactly ${value}${unit}`,
  min_len: atLeast,
  max_len: atMost,
  min_bytes: (value) => atLeast(value, " bytes"),
  max_bytes: (value) => atMost(value, " bytes"),
  min_items: atLeast,
  max_items: atMost,
  min_pairs: atLeast,
  max_pairs: atMost,
  pattern: (value) => `matches ${value}`,
  prefix: (value) => `begins with ${value}`,
  suffix: (value) => `ends with ${value}`,
  contains: (value) => `contains ${value}`,
  not_contains: (value) => `does not contain ${value}`,
  in: (value) => `one of ${value}`,
  not_in: (value) => `none of ${value}`,
  email: () => "an e-mail address",
  uuid: () => "a UUID",
  uri: () => "a URI",
  hostname: () => "a host name",
  gt: (value) => `more than ${value}`,
  gte: (value) => `at least ${value}`,
  lt: (value) => `less than ${value}`,
  lte: (value) => `at most ${value}`,
  unique: () => "no item twice",
  defined_only: () => "a value that is defined",
};

/** A rule in words; of one that has none here, its name and value. */
function ruleWords({ name, value }: Rule, unit: string): string {
  const words = WORDS[name];
  const text = valueWords(value);
  return words === undefined ? `${name.replaceAll("_", " ")}: ${text}` : words(text, unit);
}

/** Rules of a kind in words, two bounds as one range. */
function allWords(rules: readonly Rule[], unit: string): string[] {
  const find = (name: string) => rules.find((it) => it.name === name);
  const ranges = RANGES.flatMap(([low, high]) => {
    const [from, to] = [find(low), find(high)];
    if (from === undefined || to === undefined) return [];
    const counted = low === "min_bytes" ? " bytes" : low === "gte" ? "" : unit;
    return [{ rules: [from, to], words: `${valueWords(from.value)} to ${valueWords(to.value)}${counted}` }];
  });
  const single = rules.filter((it) => !ranges.some((range) => range.rules.includes(it)));
  return [...ranges.map((it) => it.words), ...single.map((it) => ruleWords(it, unit))];
}

/** All that is asked of a field, in words; with `only`, the rules of these names alone. */
export function rulesWords(all: Rules, only: (rule: Rule) => boolean = () => true): string[] {
  const part = (name: string, rules: Rules | undefined) => {
    const words = rules === undefined ? [] : rulesWords(rules, only);
    return words.length === 0 ? [] : [`${name}: ${words.join(", ")}`];
  };
  return [
    ...(all.ignored ? ["the rules of its own fields do not apply"] : []),
    ...allWords(all.rules.filter(only), UNITS[all.kind ?? ""] ?? ""),
    ...all.messages,
    ...part("each item", all.items),
    ...part("each key", all.keys),
    ...part("each value", all.values),
  ];
}
