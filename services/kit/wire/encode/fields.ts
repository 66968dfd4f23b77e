import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { scalarZeroValue } from "@bufbuild/protobuf/reflect";
import { WireType } from "@bufbuild/protobuf/wire";
import { Edition, isWrapperDesc, FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { readKey } from "./map-key.ts";
import { SCALARS, UNUSUAL } from "./scalar.ts";
import { SCALAR_ROOM_BYTES, varintSize, type Writer } from "./writer.ts";

/** A message, of which nothing is known but what its contract promises. */
export type Values = Readonly<Record<string, unknown>>;
/** Writes something of a message at a position and returns the position behind it. Throws as `WriteScalar` does. */
export type Write = (to: Writer, message: Values, at: number) => number;
/** The same of one member of a message: a field, or the group of which it is one. */
export type WriteField = (to: Writer, member: unknown, at: number, message: Values) => number;
/** Finds how messages of a type are written. */
export type WriteOf = (desc: DescMessage) => Write;

/** Writes a value, with the tag of its field. */
type WriteValue = (to: Writer, value: unknown, at: number) => number;
type Field<Kind extends DescField["fieldKind"]> = Extract<DescField, { fieldKind: Kind }>;
type Singular = Field<"scalar" | "enum" | "message">;

const ENTRY_KEY = 1;
const ENTRY_VALUE = 2;
const LONG: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
]);

const tagOf = (number: number, wireType: WireType) => ((number << 3) | wireType) >>> 0;

const unusual = (): never => {
  throw UNUSUAL;
};

/** Writes a value with its length before it, which is guessed to take as many bytes as that of the last one. */
function delimited(number: number, write: WriteValue): WriteValue {
  const tag = tagOf(number, WireType.LengthDelimited);
  let lastSize = 1;
  return (to, value, at) => {
    const start = to.tag(tag, at);
    const guess = lastSize;
    const end = write(to, value, start + guess);
    lastSize = varintSize(end - start - guess);
    return to.prefix(start, guess, end);
  };
}

function scalarWriter(number: number, scalar: ScalarType): WriteValue {
  const { wireType, write } = SCALARS[scalar];
  const tag = tagOf(number, wireType);
  return (to, value, at) => write(to, value, to.tag(tag, at));
}

/** Messages of a field, without tag and length. Some types look otherwise in memory than in the contract. */
function contentWriter(field: DescField, desc: DescMessage, writeOf: WriteOf): WriteValue {
  const { typeName } = desc;
  // They are plain JSON.
  if (typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value") return unusual;
  const write = writeOf(desc);
  if (field.fieldKind !== "message" || field.oneof !== undefined || !isWrapperDesc(desc))
    return (to, value, at) => write(to, value as Values, at);
  if (desc.fields.length > 1) return unusual;
  return (to, value, at) => write(to, { $typeName: typeName, value }, at);
}

function messageWriter(
  field: DescField & { delimitedEncoding: boolean },
  desc: DescMessage,
  writeOf: WriteOf,
): WriteValue {
  const { number } = field;
  const write = contentWriter(field, desc, writeOf);
  if (!field.delimitedEncoding) return delimited(number, write);
  const start = tagOf(number, WireType.StartGroup);
  const end = tagOf(number, WireType.EndGroup);
  return (to, value, at) => to.tag(end, write(to, value, to.tag(start, at)));
}

function valueWriter(field: Singular, writeOf: WriteOf): WriteValue {
  if (field.fieldKind === "message") return messageWriter(field, field.message, writeOf);
  return scalarWriter(field.number, field.fieldKind === "enum" ? ScalarType.INT32 : field.scalar);
}

/** A field that is written unless it is zero. */
function implicit(field: Field<"scalar" | "enum">, write: WriteValue): WriteField {
  const { scalar } = field;
  if (scalar === ScalarType.BYTES)
    return (to, value, at) => (value instanceof Uint8Array && value.length === 0 ? at : write(to, value, at));
  if (scalar === ScalarType.DOUBLE || scalar === ScalarType.FLOAT)
    return (to, value, at) => (Object.is(value, 0) ? at : write(to, value, at));
  if (scalar !== undefined && LONG.has(scalar))
    return (to, value, at) => {
      if (typeof value === "bigint") return value ? write(to, value, at) : at;
      if (typeof value !== "string") throw UNUSUAL;
      return Number(value) === 0 ? at : write(to, value, at);
    };
  const zero = field.fieldKind === "enum" ? field.enum.values[0]?.number : scalarZeroValue(field.scalar, false);
  return (to, value, at) => (value === zero ? at : write(to, value, at));
}

/** A field that is written if it is set, to zero as well. */
function explicit(field: Singular, write: WriteValue): WriteField {
  const { localName: name, presence } = field;
  if (presence === Presence.LEGACY_REQUIRED)
    return (to, value, at, message) => {
      if (value === undefined || !Object.hasOwn(message, name)) throw UNUSUAL;
      return write(to, value, at);
    };
  if (field.parent.file.edition === Edition.EDITION_PROTO3 && !(name in Object.prototype))
    return (to, value, at) => (value === undefined ? at : write(to, value, at));
  // Defaults are inherited.
  return (to, value, at, message) => (value === undefined || !Object.hasOwn(message, name) ? at : write(to, value, at));
}

function singular(field: Singular, writeOf: WriteOf): WriteField {
  const { localName: name } = field;
  const write = valueWriter(field, writeOf);
  if (field.oneof !== undefined)
    return (to, value, at) => {
      const oneof = value as { readonly case?: string; readonly value?: unknown };
      return oneof.case === name ? write(to, oneof.value, at) : at;
    };
  return field.fieldKind !== "message" && field.presence === Presence.IMPLICIT
    ? implicit(field, write)
    : explicit(field, write);
}

function arrayOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw UNUSUAL;
  return value;
}

function list(field: Field<"list">, writeOf: WriteOf): WriteField {
  if (field.listKind === "message") return eachItem(messageWriter(field, field.message, writeOf));
  const scalar = field.listKind === "enum" ? ScalarType.INT32 : field.scalar;
  return field.packed ? packed(field.number, scalar) : eachItem(scalarWriter(field.number, scalar));
}

function eachItem(write: WriteValue): WriteField {
  return (to, value, at) => {
    const items = arrayOf(value);
    let next = at;
    for (let index = 0; index < items.length; index++) next = write(to, items[index], next);
    return next;
  };
}

function packed(number: number, scalar: ScalarType): WriteField {
  const { write } = SCALARS[scalar];
  const writeItems = delimited(number, (to, value, at) => {
    const items = value as readonly unknown[];
    let next = at;
    for (let index = 0; index < items.length; index++) {
      to.reserve(next, SCALAR_ROOM_BYTES);
      next = write(to, items[index], next);
    }
    return next;
  });
  return (to, value, at) => {
    const items = arrayOf(value);
    return items.length === 0 ? at : writeItems(to, items, at);
  };
}

function map(field: Field<"map">, writeOf: WriteOf): WriteField {
  const { mapKey } = field;
  const writeKey = scalarWriter(ENTRY_KEY, mapKey);
  const writeEntryValue =
    field.mapKind === "message"
      ? delimited(ENTRY_VALUE, contentWriter(field, field.message, writeOf))
      : scalarWriter(ENTRY_VALUE, field.mapKind === "enum" ? ScalarType.INT32 : field.scalar);
  const writeEntry = delimited(field.number, (to, entry, at) => {
    const [key, value] = entry as readonly [string, unknown];
    return writeEntryValue(to, value, writeKey(to, readKey(mapKey, key), at));
  });
  return (to, value, at) => {
    let next = at;
    for (const entry of Object.entries(value as Values)) next = writeEntry(to, entry, next);
    return next;
  };
}

/** How a field is written. */
export function fieldWriter(field: DescField, writeOf: WriteOf): WriteField {
  if (field.fieldKind === "list") return list(field, writeOf);
  if (field.fieldKind === "map") return map(field, writeOf);
  return singular(field, writeOf);
}
