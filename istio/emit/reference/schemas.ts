import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { constraints, isConstraint, mustBeSet, type Schema } from "./constraints.ts";
import { type Documents, isWellKnown } from "./documents.ts";
import { rulesWords } from "./rule-words.ts";
import { oneofRequired, type Rules, rulesOf } from "./rules.ts";

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

/** Schemas of messages and enums, by the names under which they refer to each other. */
export interface Schemas {
  /** A reference to a type. @param checked whether its fields keep to their rules */
  refer(type: DescMessage | DescEnum, checked?: boolean): Schema;
  /** All that were referred to, and what they refer to. */
  all(): Record<string, Schema>;
}

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
    const unsaid = checked && rules !== undefined ? rulesWords(rules, (it) => !isConstraint(rules, it)) : [];
    const description = [comment(field), unsaid.length === 0 ? "" : `Rules: ${unsaid.join("; ")}.`];
    return { ...valueSchema(field, rules, checked), description: description.filter((it) => it !== "").join("\n\n") };
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
