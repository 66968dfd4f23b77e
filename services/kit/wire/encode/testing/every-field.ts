import { create, createFileRegistry, type DescMessage, type MessageInitShape, ScalarType } from "@bufbuild/protobuf";
import {
  type DescriptorProtoSchema,
  type FieldDescriptorProtoSchema,
  FieldOptions_JSType,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";

type FieldInit = Exclude<MessageInitShape<typeof FieldDescriptorProtoSchema>, { $typeName: string }>;
type MessageInit = Exclude<MessageInitShape<typeof DescriptorProtoSchema>, { $typeName: string }>;

const LIBRARY = [
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];
const WRAPPERS = ["Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes"];
const OTHERS = ["Any", "Duration", "Timestamp", "Value", "ListValue"];
const LIBRARY_TYPES = [...WRAPPERS.map((it) => `${it}Value`), ...OTHERS].map((it) => `.google.protobuf.${it}`);

// The numbers of types are those of descriptors.
const SCALARS = Object.values(ScalarType).filter((it) => typeof it === "number") as unknown as readonly Type[];
const isLong = (type: Type) => ScalarType[type]?.includes("64");
const isPackable = (type: Type) => type !== Type.STRING && type !== Type.BYTES;
const isKey = (type: Type) => ![Type.DOUBLE, Type.FLOAT, Type.BYTES].includes(type);
const nameOf = (type: Type) => `${Type[type]}`.toLowerCase();

/** Numbers fields such that tags of each length occur. */
function numbered(fields: readonly FieldInit[], first = 1): FieldInit[] {
  return fields.map((it, index) => ({ label: Label.OPTIONAL, ...it, number: first + index * (1 + (index % 7)) ** 3 }));
}

function mapEntry(name: string, key: Type, value: FieldInit): MessageInit {
  const entry = [
    { name: "key", type: key },
    { ...value, name: "value" },
  ];
  const field = entry.map((it, index) => ({ label: Label.OPTIONAL, ...it, number: index + 1 }));
  return { name, field, options: { mapEntry: true } };
}

const SELF = ".test.Everything";
const ENUM: FieldInit = { type: Type.ENUM, typeName: ".test.Size" };
const MESSAGES: readonly FieldInit[] = [SELF, ...LIBRARY_TYPES].map((typeName) => ({ type: Type.MESSAGE, typeName }));
const VALUES: readonly FieldInit[] = [...SCALARS.map((type) => ({ type })), ENUM, ...MESSAGES];
const label = (value: FieldInit) =>
  value.typeName === undefined
    ? nameOf(value.type ?? Type.BOOL)
    : (value.typeName.split(".").at(-1) ?? "").toLowerCase();

function everything(): MessageInit {
  const keys = SCALARS.filter(isKey).map((type) => mapEntry(`By${nameOf(type)}Entry`, type, { type }));
  const maps = [...keys, ...VALUES.map((it) => mapEntry(`To${label(it)}Entry`, Type.STRING, it))];
  const fields: readonly FieldInit[] = [
    ...VALUES.map((it) => ({ ...it, name: `singular_${label(it)}` })),
    ...SCALARS.filter(isLong).map((type) => ({
      type,
      name: `text_${nameOf(type)}`,
      options: { jstype: FieldOptions_JSType.JS_STRING },
    })),
    ...VALUES.map((it) => ({ ...it, name: `list_${label(it)}`, label: Label.REPEATED })),
    ...SCALARS.filter(isPackable).map((type) => ({
      type,
      name: `unpacked_${nameOf(type)}`,
      label: Label.REPEATED,
      options: { packed: false },
    })),
    ...VALUES.map((it) => ({ ...it, name: `case_${label(it)}`, oneofIndex: 0 })),
    ...maps.map(({ name }) => ({
      type: Type.MESSAGE,
      name: `map_${name?.toLowerCase()}`,
      typeName: `${SELF}.${name}`,
      label: Label.REPEATED,
    })),
    ...[...SCALARS.map((type) => ({ type })), ENUM].map((it, index) => ({
      ...it,
      name: `optional_${label(it)}`,
      proto3Optional: true,
      oneofIndex: index + 1,
    })),
  ];
  const synthetic = Array.from({ length: SCALARS.length + 1 }, (_, index) => ({ name: `_${index}` }));
  return {
    name: "Everything",
    field: numbered(fields),
    nestedType: maps,
    oneofDecl: [{ name: "choice" }, ...synthetic],
  };
}

function old(): MessageInit {
  const group: FieldInit = { type: Type.GROUP, typeName: ".test.Old.Group" };
  const fields: readonly FieldInit[] = [
    ...SCALARS.map((type) => ({ type, name: `optional_${nameOf(type)}` })),
    ...SCALARS.filter(isPackable).map((type) => ({
      type,
      name: `default_${nameOf(type)}`,
      defaultValue: type === Type.BOOL ? "true" : "7",
    })),
    ...SCALARS.map((type) => ({ type, name: `list_${nameOf(type)}`, label: Label.REPEATED })),
    ...SCALARS.filter(isPackable).map((type) => ({
      type,
      name: `packed_${nameOf(type)}`,
      label: Label.REPEATED,
      options: { packed: true },
    })),
    { ...group, name: "group" },
    { ...group, name: "groups", label: Label.REPEATED },
    { type: Type.STRING, name: "required_text", label: Label.REQUIRED },
  ];
  return {
    name: "Old",
    field: numbered(fields),
    nestedType: [{ name: "Group", field: numbered([{ type: Type.STRING, name: "text" }]) }],
  };
}

function odd(): MessageInit {
  const struct: FieldInit = { type: Type.MESSAGE, typeName: ".google.protobuf.Struct" };
  const map = mapEntry("ToStructEntry", Type.INT32, struct);
  const fields: readonly FieldInit[] = [
    // Is inherited by each object.
    { type: Type.STRING, name: "hasOwnProperty", proto3Optional: true, oneofIndex: 1 },
    { ...struct, name: "singular" },
    { ...struct, name: "list", label: Label.REPEATED },
    { ...struct, name: "case", oneofIndex: 0 },
    { type: Type.MESSAGE, name: "map", typeName: ".test.Odd.ToStructEntry", label: Label.REPEATED },
  ];
  return { name: "Odd", field: numbered(fields), nestedType: [map], oneofDecl: [{ name: "choice" }, { name: "_0" }] };
}

function messageOf(syntax: string, name: string, message: MessageInit): DescMessage {
  const file = create(FileDescriptorProtoSchema, {
    name: `test/${name}.proto`,
    package: "test",
    syntax,
    dependency: LIBRARY.map((it) => it.proto.name),
    messageType: [message],
    enumType: [{ name: "Size", value: ["SMALL", "LARGE"].map((it, number) => ({ name: it, number })) }],
  });
  const registry = createFileRegistry(file, (path) => LIBRARY.find((it) => it.proto.name === path));
  const desc = registry.getMessage(`test.${message.name}`);
  if (desc === undefined) throw new Error("The test's file lost its message");
  return desc;
}

/** A type with a field of each kind that proto3 has, itself among them; but for Struct. */
export const Everything = messageOf("proto3", "everything", everything());
/** A type with google.protobuf.Struct wherever it may stand, and with a field that has the name of a method. */
export const Odd = messageOf("proto3", "odd", odd());
/** A type of proto2: required fields, defaults, groups, lists that are not packed. */
export const Old = messageOf("proto2", "old", old());
