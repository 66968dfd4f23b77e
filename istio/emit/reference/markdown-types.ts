import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { listWords } from "../../words.ts";
import { type Documents, isWellKnown } from "./documents.ts";
import { heading, link, table } from "./markdown-parts.ts";
import { rulesWords } from "./rule-words.ts";
import { oneofRequired, rulesOf } from "./rules.ts";

const shortName = (typeName: string): string => typeName.split(".").at(-1) ?? typeName;

/** The name of a type, leading to its section. */
export function typeLink(type: DescMessage | DescEnum): string {
  return type.kind === "message" && isWellKnown(type)
    ? `\`${type.typeName}\``
    : link(shortName(type.typeName), type.typeName);
}

function singleType(field: DescField): string {
  const type = field.message ?? field.enum;
  return type === undefined ? `\`${ScalarType[field.scalar ?? ScalarType.STRING].toLowerCase()}\`` : typeLink(type);
}

function fieldType(field: DescField): string {
  if (field.fieldKind === "list") return `list of ${singleType(field)}`;
  if (field.fieldKind === "map")
    return `map from \`${ScalarType[field.mapKey].toLowerCase()}\` to ${singleType(field)}`;
  return singleType(field);
}

function fieldRules(field: DescField): string {
  const rules = rulesOf(field);
  const words = [...(rules?.required ? ["required"] : []), ...(rules === undefined ? [] : rulesWords(rules))];
  const { oneof } = field;
  if (oneof === undefined) return words.join("; ");
  const required = oneofRequired(oneof);
  const names = listWords(oneof.fields.map((it) => `\`${it.name}\``));
  if (oneof.fields.length === 1) return [...(required ? ["required"] : []), ...words].join("; ");
  return [`${required ? "exactly" : "at most"} one of ${names}`, ...words].join("; ");
}

/** What a message or an enum is made of. */
export function typeSection(type: DescMessage | DescEnum, comment: Documents["comment"]): string[] {
  const members =
    type.kind === "enum"
      ? table(
          ["value", "number", "meaning"],
          type.values.map((it) => [`\`${it.name}\``, `${it.number}`, comment(it)]),
        )
      : table(
          ["field", "type", "rules", "meaning"],
          type.fields.map((it) => [`\`${it.name}\``, fieldType(it), fieldRules(it), comment(it)]),
        );
  const empty = members.length === 0 ? ["No fields.", ""] : members;
  return [...heading(4, type.name, type.typeName), comment(type), "", ...empty];
}
