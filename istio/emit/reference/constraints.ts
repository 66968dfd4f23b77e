import type { DescField } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import type { Rule, Rules } from "./rules.ts";

/** A JSON schema (2020-12), as OpenAPI 3.1 has them. */
export type Schema = Readonly<Record<string, unknown>>;

function patternOf(value: unknown): RegExp | undefined {
  try {
    return new RegExp(String(value), "u");
  } catch {
    return undefined;
  }
}

/** Rules that JSON schema can say of a kind of field. */
const KEYWORDS: Readonly<Record<string, Readonly<Record<string, (value: unknown) => Schema>>>> = {
  string: {
    const: (value) => ({ const: value }),
    len: (value) => ({ minLength: Number(value), maxLength: Number(value) }),
    min_len: (value) => ({ minLength: Number(value) }),
    max_len: (value) => ({ maxLength: Number(value) }),
    // Patterns are RE2's: what JavaScript cannot read of them stays out of the schema.
    pattern: (value) => (patternOf(value) === undefined ? {} : { pattern: value }),
    in: (value) => ({ enum: value }),
    email: () => ({ format: "email" }),
    uuid: () => ({ format: "uuid" }),
    uri: () => ({ format: "uri" }),
    hostname: () => ({ format: "hostname" }),
  },
  number: {
    const: (value) => ({ const: value }),
    gt: (value) => ({ exclusiveMinimum: value }),
    gte: (value) => ({ minimum: value }),
    lt: (value) => ({ exclusiveMaximum: value }),
    lte: (value) => ({ maximum: value }),
    in: (value) => ({ enum: value }),
  },
  repeated: {
    min_items: (value) => ({ minItems: Number(value) }),
    max_items: (value) => ({ maxItems: Number(value) }),
    unique: () => ({ uniqueItems: true }),
  },
  map: {
    min_pairs: (value) => ({ minProperties: Number(value) }),
    max_pairs: (value) => ({ maxProperties: Number(value) }),
  },
  // A schema names all values of an enum.
  enum: { defined_only: () => ({}) },
};
const NUMBERS = new Set(["int32", "sint32", "sfixed32", "uint32", "fixed32", "double", "float"]);

function keywordsOf({ kind = "" }: Rules): Readonly<Record<string, (value: unknown) => Schema>> {
  return KEYWORDS[NUMBERS.has(kind) ? "number" : kind] ?? {};
}

/** What a schema says of these rules; the others are left to words. */
export function constraints(rules: Rules | undefined): Schema {
  if (rules === undefined) return {};
  const keywords = keywordsOf(rules);
  return Object.assign({}, ...rules.rules.map(({ name, value }) => keywords[name]?.(value) ?? {}));
}

/** Whether a field that is left out, and so empty, breaks its rules. */
export function mustBeSet(field: DescField, rules: Rules): boolean {
  if (rules.required) return true;
  if (field.fieldKind === "message" || rules.ignored || field.presence !== Presence.IMPLICIT) return false;
  const breaks = ({ name, value }: Rule): boolean => {
    if (["min_len", "min_items", "min_pairs", "len", "min_bytes"].includes(name)) return Number(value) > 0;
    if (["uuid", "email", "uri", "hostname"].includes(name)) return true;
    if (name === "pattern") return patternOf(value)?.test("") === false;
    if (name === "gte") return typeof value !== "object" && Number(value) > 0;
    if (name === "gt") return typeof value !== "object" && Number(value) >= 0;
    if (name === "in") return Array.isArray(value) && !value.some((it) => it === "" || Number(it) === 0);
    return name === "not_in" && Array.isArray(value) && value.includes(0);
  };
  return rules.rules.some(breaks);
}

/** Whether a schema says this rule, so that no words are needed. */
export function isConstraint(rules: Rules, rule: Rule): boolean {
  const owners = [rules, rules.items, rules.values].filter((it) => it?.rules.includes(rule));
  return owners.some((it) => it !== undefined && rule.name in keywordsOf(it));
}
