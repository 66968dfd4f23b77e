import { type DescField, getOption, hasOption, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import {
  type FieldRules,
  FieldRulesSchema,
  field as fieldOption,
  Ignore,
  oneof as oneofOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

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
