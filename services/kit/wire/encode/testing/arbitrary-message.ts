import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc, FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";

const { INT32, UINT32, SINT32, FIXED32, SFIXED32, INT64, UINT64, SINT64, FIXED64, SFIXED64 } = ScalarType;

// More would make large messages of large types, and take long.
const MEMBERS_MAX = 12;

const int32 = fc.oneof(fc.integer(), fc.constantFrom(0, -0, -1, 127, 128, 2 ** 31 - 1, -(2 ** 31)));
const uint32 = fc.oneof(fc.nat(), fc.constantFrom(0, 127, 128, 2 ** 28, 2 ** 32 - 1));
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, -1n, 127n, 128n, 2n ** 28n, 2n ** 35n - 1n, 2n ** 35n, 2n ** 63n - 1n, -(2n ** 63n)),
);
const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n),
);
/** Text with lone surrogates, and of lengths about those where the prefix grows. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 150 }).map((it) => String.fromCharCode(...it)),
  fc
    .tuple(fc.constantFrom("a", "é", "€", "😀", "\ud800"), fc.constantFrom(1, 9, 10, 11, 42, 43, 63, 64, 127, 128))
    .map(([unit, count]) => unit.repeat(count)),
  fc.constantFrom("", "x".repeat(16_383), "ü".repeat(9_000)),
);
const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(new Uint8Array(20_000)));

function scalar(type: ScalarType): fc.Arbitrary<unknown> {
  if (type === ScalarType.DOUBLE) return fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN));
  if (type === ScalarType.FLOAT) return fc.oneof(fc.float(), fc.constantFrom(0, -0, 0.1, Number.NaN));
  if (type === ScalarType.BOOL) return fc.boolean();
  if (type === ScalarType.STRING) return text;
  if (type === ScalarType.BYTES) return bytes;
  if (type === INT32 || type === SINT32 || type === SFIXED32) return int32;
  if (type === UINT32 || type === FIXED32) return uint32;
  if (type === INT64 || type === SINT64 || type === SFIXED64) return int64;
  if (type === UINT64 || type === FIXED64) return uint64;
  throw new Error(`Unknown type of scalar ${type}`);
}

/** A value that is no message, as it stands in a field. */
function plain(field: DescField): fc.Arbitrary<unknown> | undefined {
  if (field.enum !== undefined) return fc.oneof(fc.constantFrom(...field.enum.values.map((it) => it.number)), int32);
  if (field.scalar === undefined) return undefined;
  const value = scalar(field.scalar);
  return "longAsString" in field && field.longAsString ? value.map(String) : value;
}

function messageValue(field: DescField, desc: DescMessage, depth: number): fc.Arbitrary<unknown> {
  if (desc.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value")
    return fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 });
  const [inner] = desc.fields;
  if (field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(desc) && inner?.scalar !== undefined)
    return scalar(inner.scalar);
  return arbitraryMessage(desc, depth - 1);
}

function fieldValue(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const value = plain(field) ?? messageValue(field, field.message as DescMessage, depth);
  if (field.fieldKind === "list") return fc.array(value, { maxLength: 4 });
  if (field.fieldKind !== "map") return value;
  return fc.dictionary(scalar(field.mapKey).map(String), value, { maxKeys: 3 });
}

const unknownFields = fc.array(
  fc.record({
    no: fc.constantFrom(1, 15, 16, 1_000, 2 ** 29 - 1),
    wireType: fc.constantFrom(0, 1, 2, 5),
    data: fc.uint8Array({ maxLength: 20 }),
  }),
  { maxLength: 2 },
);

const known = new Map<string, fc.Arbitrary<Message>>();

/** Any message of a type, in which messages are nested that deep. */
export function arbitraryMessage(desc: DescMessage, depth = 2): fc.Arbitrary<Message> {
  const key = `${desc.typeName} ${depth}`;
  const made = known.get(key);
  if (made !== undefined) return made;
  const isWritable = (it: DescField) => depth > 0 || it.message === undefined;
  const members: Record<string, fc.Arbitrary<unknown>> = {};
  for (const member of desc.members) {
    if (member.kind === "field") {
      if (isWritable(member)) members[member.localName] = fieldValue(member, depth);
      continue;
    }
    const cases = member.fields.filter(isWritable);
    if (cases.length === 0) continue;
    members[member.localName] = fc.oneof(
      ...cases.map((it) => fc.record({ case: fc.constant(it.localName), value: fieldValue(it, depth) })),
    );
  }
  const required = desc.fields.filter((it) => it.presence === Presence.LEGACY_REQUIRED).map((it) => it.localName);
  const init = fc
    .subarray(Object.keys(members), { maxLength: Math.min(MEMBERS_MAX, Object.keys(members).length) })
    .chain((names) =>
      fc.record(Object.fromEntries([...names, ...required].map((it) => [it, members[it] as fc.Arbitrary<unknown>]))),
    );
  const message = fc.tuple(init, fc.option(unknownFields, { nil: undefined, freq: 4 })).map(([it, $unknown]) => {
    const made: Message = create(desc, it);
    return $unknown === undefined ? made : Object.assign(made, { $unknown });
  });
  known.set(key, message);
  return message;
}
