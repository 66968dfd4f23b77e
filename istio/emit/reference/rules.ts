import { type DescField, getOption, hasOption, isMessage, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { type Duration, DurationSchema, durationMs } from "@bufbuild/protobuf/wkt";
import {
  type FieldRules,
  FieldRulesSchema,
  field as fieldOption,
  Ignore,
  oneof as oneofOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { durationWords } from "../../words.ts";

/** One rule of a field: its name in protovalidate, such as "max_len", and its value. */
export interface Rule {
  readonly name: string;
  readonly value: unknown;
}

/** What a contract asks of a field. */
export interface Rules {
  readonly required: boolean;
  /** The field's message keeps to its own rules elsewhere, but not here. */
  readonly ignored: boolean;
  /** Rules of its kind: "string", "repeated", …. */
  readonly kind: string | undefined;
  readonly rules: readonly Rule[];
  /** Rules in words of the contract's own. */
  readonly messages: readonly string[];
  /** Rules of each item of a list, each key or value of a map. */
  readonly items: Rules | undefined;
  readonly keys: Rules | undefined;
  readonly values: Rules | undefined;
}

const NESTED = new Set(["items", "keys", "values", "cel", "example"]);

function rulesIn(fieldRules: FieldRules): Rules {
  const typed = fieldRules.type;
  const nested = (name: string): Rules | undefined => {
    const value =
      typed.value !== undefined && name in typed.value
        ? (typed.value as unknown as Record<string, FieldRules | undefined>)[name]
        : undefined;
    return value === undefined ? undefined : rulesIn(value);
  };
  const rules: Rule[] = [];
  const described = FieldRulesSchema.fields.find((it) => it.oneof !== undefined && it.localName === typed.case);
  if (typed.value !== undefined && described?.message !== undefined) {
    const seen = reflect(described.message, typed.value as Message);
    for (const member of seen.fields.filter((it) => seen.isSet(it) && !NESTED.has(it.name))) {
      const value = seen.get(member);
      const list = member.fieldKind === "list" ? [...(value as Iterable<unknown>)] : undefined;
      const message = member.fieldKind === "message" ? (value as { message: unknown }).message : undefined;
      rules.push({ name: member.name, value: list ?? message ?? value });
    }
  }
  return {
    required: fieldRules.required,
    ignored: fieldRules.ignore === Ignore.ALWAYS,
    kind: typed.case,
    rules,
    messages: fieldRules.cel.map((it) => it.message || it.expression),
    items: nested("items"),
    keys: nested("keys"),
    values: nested("values"),
  };
}

/** The rules that a contract states for a field, or undefined. */
export function rulesOf(field: DescField): Rules | undefined {
  return hasOption(field, fieldOption) ? rulesIn(getOption(field, fieldOption)) : undefined;
}

/** Whether one of the fields that exclude each other must be set. */
export function oneofRequired(oneof: NonNullable<DescField["oneof"]>): boolean {
  return getOption(oneof, oneofOption).required;
}

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
