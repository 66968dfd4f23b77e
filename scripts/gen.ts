// Writes gen/ from proto/: `npm run gen`. buf needs the source of protovalidate's options, which the npm package ships as
// a descriptor only, so it is printed back into a .proto first.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { type DescExtension, type DescField, type DescFile, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FieldDescriptorProto_Label } from "@bufbuild/protobuf/wkt";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

function typeOf(field: DescField | DescExtension): string {
  if (field.fieldKind === "map") {
    const value = field.message?.typeName ?? field.enum?.typeName ?? ScalarType[field.scalar as ScalarType].toLowerCase();
    return `map<${ScalarType[field.mapKey].toLowerCase()}, ${value}>`;
  }
  const type = field.message?.typeName ?? field.enum?.typeName;
  return type === undefined ? ScalarType[field.scalar as ScalarType].toLowerCase() : `.${type}`;
}

function printField(field: DescField | DescExtension, inOneof: boolean): string {
  const repeated = field.proto.label === FieldDescriptorProto_Label.REPEATED && field.fieldKind !== "map";
  const label = inOneof || field.fieldKind === "map" ? "" : repeated ? "repeated " : "optional ";
  return `${label}${typeOf(field)} ${field.name} = ${field.number};`;
}

function printMessage(message: DescMessage): string[] {
  const seen = new Set<string>();
  const lines = message.fields.flatMap((field) => {
    if (field.oneof === undefined) return [printField(field, false)];
    if (seen.has(field.oneof.name)) return [];
    seen.add(field.oneof.name);
    return [`oneof ${field.oneof.name} {`, ...field.oneof.fields.map((member) => printField(member, true)), "}"];
  });
  // An extension range ends before its `end`; the largest field number is 536870911.
  const ranges = message.proto.extensionRange.map((range) => `extensions ${range.start} to ${range.end - 1};`);
  return [`message ${message.name} {`, ...lines, ...ranges, "}"];
}

/** Prints a descriptor as proto2 source: names, numbers and types, without comments and options. */
function printFile(file: DescFile): string {
  const enums = file.enums.flatMap((it) => [`enum ${it.name} {`, ...it.values.map((v) => `${v.name} = ${v.number};`), "}"]);
  const extensions = file.extensions.map((it) => `extend .${it.extendee.typeName} { ${printField(it, false)} }`);
  const imports = file.dependencies.map((it) => `import "${it.name}.proto";`);
  const body = [...file.messages.flatMap(printMessage), ...enums, ...extensions];
  return [`syntax = "proto2";`, `package ${file.proto.package};`, ...imports, ...body, ""].join("\n");
}

mkdirSync(".cache/proto/buf/validate", { recursive: true });
writeFileSync(".cache/proto/buf/validate/validate.proto", printFile(file_buf_validate_validate));
if (process.argv[2] !== "--deps-only") execFileSync("buf", ["generate"], { stdio: "inherit" });
