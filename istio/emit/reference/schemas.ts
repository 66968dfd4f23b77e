import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { type Documents, isWellKnown } from "./documents.ts";
import { oneofRequired, type Rule, type Rules, rulesOf, rulesWords } from "./rules.ts";

/** A JSON schema (2020-12), as OpenAPI 3.1 has them. */
export type Schema = Readonly<Record<string, unknown>>;

const INT64: Schema = { type: "string", pattern: "^-?[0-9]+$" };
const UINT64: Schema = { type: "string", pattern: "^[0-9]+$" };
const INT32: Schema = { type: "integer", format: "int32" };
const UINT32: Schema = { type: "integer", minimum: 0, maximum: 4_294_967_295 };

/** How JSON has the types of fields (https://protobuf.dev/programming-guides/json/). */
const SCALARS: Readonly<Record<ScalarType, Schema>> = {
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.BYTES]: { type: "string", contentEncoding: "base64" },
  [ScalarType.BOOL]: { type: "boolean" },
  [ScalarType.DOUBLE]: { type: "number" },
  [ScalarType.FLOAT]: { type: "number" },
  [ScalarType.INT32]: INT32,
  [ScalarType.SINT32]: INT32,
  [ScalarType.SFIXED32]: INT32,
  [ScalarType.UINT32]: UINT32,
  [ScalarType.FIXED32]: UINT32,
  [ScalarType.INT64]: INT64,
  [ScalarType.SINT64]: INT64,
  [ScalarType.SFIXED64]: INT64,
  [ScalarType.UINT64]: UINT64,
  [ScalarType.FIXED64]: UINT64,
};

/** How JSON has the types that everybody knows; any other is an object. */
const WELL_KNOWN: Readonly<Record<string, Schema>> = {
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
  "google.protobuf.Duration": { type: "string", pattern: "^-?[0-9]+(\\.[0-9]{1,9})?s$", examples: ["900s", "1.5s"] },
  "google.protobuf.FieldMask": { type: "string", examples: ["name,price"] },
};

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
function constraints(rules: Rules | undefined): Schema {
  if (rules === undefined) return {};
  const keywords = keywordsOf(rules);
  return Object.assign({}, ...rules.rules.map(({ name, value }) => keywords[name]?.(value) ?? {}));
}

/** Whether a field that is left out, and so empty, breaks its rules. */
function mustBeSet(field: DescField, rules: Rules): boolean {
  if (rules.required) return true;
  if (field.fieldKind === "message" || rules.ignored || field.presence !== IMPLICIT) return false;
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

/** Schemas of messages and enums, by the names under which they refer to each other. */
export interface Schemas {
  /** A reference to a type. @param checked whether its fields keep to their rules */
  refer(type: DescMessage | DescEnum, checked?: boolean): Schema;
  /** All that were referred to, and what they refer to. */
  all(): Record<string, Schema>;
}

/** A proto3 field that has no presence of its own. */
const IMPLICIT = 2;

/** Makes schemas of what is referred to. */
export function createSchemas(comment: Documents["comment"]): Schemas {
  const made = new Map<string, Schema>();

  function refer(type: DescMessage | DescEnum, checked = true): Schema {
    if (type.kind === "message" && isWellKnown(type)) return WELL_KNOWN[type.typeName] ?? { type: "object" };
    const name = checked || type.kind === "enum" ? type.typeName : `${type.typeName}.Unchecked`;
    if (!made.has(name)) {
      made.set(name, {}); // It may refer to itself.
      made.set(name, type.kind === "enum" ? enumSchema(type) : messageSchema(type, checked));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  function enumSchema(type: DescEnum): Schema {
    const values = type.values.map((it) => `- \`${it.name}\`: ${comment(it)}`).join("\n");
    return { type: "string", description: `${comment(type)}\n\n${values}`, enum: type.values.map((it) => it.name) };
  }

  function single(field: DescField, rules: Rules | undefined, checked: boolean): Schema {
    const type = field.message ?? field.enum;
    const schema = type === undefined ? SCALARS[field.scalar ?? ScalarType.STRING] : refer(type, checked);
    return { ...schema, ...constraints(checked ? rules : undefined) };
  }

  function valueSchema(field: DescField, rules: Rules | undefined, checked: boolean): Schema {
    const inner = checked && rules?.ignored !== true;
    const own = constraints(inner ? rules : undefined);
    if (field.fieldKind === "list") return { type: "array", items: single(field, rules?.items, inner), ...own };
    if (field.fieldKind === "map")
      return { type: "object", additionalProperties: single(field, rules?.values, inner), ...own };
    return single(field, rules, inner);
  }

  function fieldSchema(field: DescField, checked: boolean): Schema {
    const rules = rulesOf(field);
    const unsaid = checked && rules !== undefined ? rulesWords(rules, (it) => !saidBySchema(rules, it)) : [];
    const description = [comment(field), unsaid.length === 0 ? "" : `Rules: ${unsaid.join("; ")}.`];
    return { ...valueSchema(field, rules, checked), description: description.filter((it) => it !== "").join("\n\n") };
  }

  function saidBySchema(rules: Rules, rule: Rule): boolean {
    const kinds = [rules, rules.items, rules.values].filter((it) => it?.rules.includes(rule));
    return kinds.some((it) => it !== undefined && rule.name in keywordsOf(it));
  }

  function messageSchema(type: DescMessage, checked: boolean): Schema {
    const properties = Object.fromEntries(type.fields.map((it) => [it.jsonName, fieldSchema(it, checked)]));
    const needed = type.fields.filter((it) => {
      const rules = rulesOf(it);
      return checked && rules !== undefined && mustBeSet(it, rules);
    });
    const exclusive = type.oneofs.map((oneof) => {
      const alternatives = oneof.fields.map((it) => ({ required: [it.jsonName] }));
      return checked && oneofRequired(oneof)
        ? { oneOf: alternatives }
        : { oneOf: [...alternatives, { not: { anyOf: alternatives } }] };
    });
    return {
      type: "object",
      description: comment(type),
      ...(type.fields.length > 0 && { properties }),
      ...(needed.length > 0 && { required: needed.map((it) => it.jsonName) }),
      ...(exclusive.length > 0 && { allOf: exclusive }),
    };
  }

  return {
    refer,
    all: () => Object.fromEntries([...made].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
