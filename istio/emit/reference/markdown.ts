import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { ATTEMPTS_MAX } from "#kit/client/retry.ts";
import { EVERYBODY, type MeshMethod } from "../../model.ts";
import { bytesWords, durationWords, listWords, rateWords, shareWords, USER_WORDS } from "../../words.ts";
import { type DocumentedCall, type DocumentedService, type Documents, isWellKnown, typesOf } from "./documents.ts";
import type { Reason } from "./errors.ts";
import { oneofRequired, rulesOf, rulesWords } from "./rules.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/\s*\n\s*/g, " ");
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  return [row(...headings), row(...headings.map(() => "---")), ...rows.map((it) => row(...it)), ""];
}

/** A heading that links can name by the full name of what it is about. */
function heading(level: number, title: string, id: string): string[] {
  return [`<a id="${id}"></a>`, "", `${"#".repeat(level)} ${title}`, ""];
}

const link = (title: string, id: string): string => `[${title}](#${id})`;
const shortName = (typeName: string): string => typeName.split(".").at(-1) ?? typeName;

function typeLink(type: DescMessage | DescEnum): string {
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

function typeSection(type: DescMessage | DescEnum, comment: Documents["comment"]): string[] {
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

function callerWords({ callers }: MeshMethod): string {
  return callers.includes(EVERYBODY) ? "every workload" : listWords(callers);
}

const REPEATS: Readonly<Record<MeshMethod["idempotency"], string>> = {
  none: "never repeated",
  idempotent: `idempotent: tried up to ${ATTEMPTS_MAX} times`,
  no_side_effects: `only reads: tried up to ${ATTEMPTS_MAX} times, also by GET`,
};

function facts({ method }: DocumentedCall): string[] {
  const { objective, rateLimit, timeoutMs, kind } = method;
  const streams = kind !== "unary";
  return [
    `- Callers: ${callerWords(method)}. User: ${USER_WORDS[method.user]}.`,
    streams
      ? "- A stream: lives until it is done; never repeated by the mesh."
      : `- Timeout: ${durationWords(timeoutMs ?? 0)}; ${REPEATS[method.idempotency]}.`,
    `- Request: ${bytesWords(method.requestMaxBytes)} at most${rateLimit ? `; ${rateWords(rateLimit)} from one client` : ""}.`,
    ...(objective
      ? [
          `- Promise: 99 of 100 ${streams ? "first messages" : "answers"} within ${durationWords(objective.latencyMs)}; ${shareWords(objective.availability)} without a fault of its own.`,
        ]
      : []),
  ];
}

function callSection(call: DocumentedCall, comment: Documents["comment"]): string[] {
  const { desc, method } = call;
  const stream = (is: boolean) => (is ? "stream of " : "");
  const [asks, answers] = [
    desc.methodKind === "client_streaming" || desc.methodKind === "bidi_streaming",
    desc.methodKind === "server_streaming" || desc.methodKind === "bidi_streaming",
  ];
  return [
    ...heading(4, method.name, `${method.service}.${method.name}`),
    comment(desc),
    "",
    `${stream(asks)}${typeLink(desc.input)} → ${stream(answers)}${typeLink(desc.output)}`,
    "",
    ...facts(call),
    "",
  ];
}

function reasonTable(reasons: readonly Reason[]): string[] {
  return table(
    ["reason", "status", "HTTP", "meaning"],
    reasons.map((it) => [`\`${it.name}\``, `\`${it.status}\``, `${it.http}`, it.comment]),
  );
}

function serviceSection({ desc, calls, reasons }: DocumentedService, comment: Documents["comment"]): string[] {
  const overview = table(
    ["call", "callers", "user", "what it does"],
    calls.map(({ method, desc: it }) => [
      link(method.name, `${method.service}.${method.name}`),
      callerWords(method),
      USER_WORDS[method.user],
      comment(it).split(/(?<=\.)\s/)[0] ?? "",
    ]),
  );
  const [domain] = reasons.map((it) => it.domain);
  const failures =
    domain === undefined
      ? []
      : [
          `Failures of its own (domain \`${domain}\`), beside [those of every call](#errors):`,
          "",
          ...reasonTable(reasons),
        ];
  return [
    ...heading(3, desc.name, desc.typeName),
    `\`${desc.typeName}\``,
    "",
    comment(desc),
    "",
    ...overview,
    ...failures,
    ...calls.flatMap((it) => callSection(it, comment)),
  ];
}

/** Types that no service owns alone, as links name them. */
const SHARED = "shared";

const INTRODUCTION = `# API reference

<!-- @generated by \`npm run gen\` from the contracts; never edited. -->

Every call of the shop, as its contract in [\`proto/\`](../proto) describes it. Each is served as gRPC, gRPC-Web and Connect at
\`/<service>/<call>\`; calls that name \`edge\` among their callers are open to browsers, and [\`openapi.yaml\`](openapi.yaml)
describes them as plain HTTP with JSON. Fields are named as in the contracts; in JSON they are in lowerCamelCase.

A token goes into the header \`authorization: Bearer …\`; \`AuthService.SignInAsGuest\` and \`AuthService.SignIn\` give one.
`;

/** The reference for people. */
export function markdownOf({ services, commonReasons, comment }: Documents): string {
  const workloads = Map.groupBy(services, (it) => it.workload);
  const contents = [...workloads].map(
    ([name, own]) => `- ${name}: ${own.map((it) => link(it.desc.name, it.desc.typeName)).join(", ")}`,
  );
  const roots = services.flatMap((it) => it.calls).flatMap(({ desc }) => [desc.input, desc.output]);
  const types = Map.groupBy(typesOf(roots), ({ file }) => {
    const owner = file.proto.package.split(".")[1] ?? "";
    return workloads.has(owner) ? owner : SHARED;
  });
  const typeSections = (owner: string) => (types.get(owner) ?? []).flatMap((it) => typeSection(it, comment));
  const sections = [...workloads].flatMap(([name, own]) => [
    `## ${name}`,
    "",
    ...own.flatMap((it) => serviceSection(it, comment)),
    `### Messages of ${name}`,
    "",
    ...typeSections(name),
  ]);
  return [
    INTRODUCTION,
    "## Contents",
    "",
    ...contents,
    `- ${link("Types of several services", SHARED)}`,
    `- ${link("Errors", "errors")} of every call`,
    "",
    ...heading(2, "Errors", "errors"),
    "A failure is a gRPC status with exactly one `google.rpc.ErrorInfo`: a reason, and the domain that defines it. Bad input",
    "names its fields in a `google.rpc.BadRequest`; when to come again stands in a `google.rpc.RetryInfo`.",
    "",
    "Any call can fail for these reasons (domain `shop.mesh`); each service adds its own.",
    "",
    ...reasonTable(commonReasons),
    ...sections,
    ...heading(2, "Types of several services", SHARED),
    ...typeSections(SHARED),
  ]
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trimEnd()
    .concat("\n");
}
