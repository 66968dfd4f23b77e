import { protoInt64, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { SCALAR_ROOM_BYTES, varintSize, type Writer } from "./writer.ts";

/**
 * Writes a value at a position where there is room for a scalar; returns the position behind it.
 * @throws what it likes for a value that is not of the type: the library then encodes the message, or says what is wrong.
 */
export type WriteScalar = (to: Writer, value: unknown, at: number) => number;

/** Thrown for whatever is left to the library. One for all, since an error of its own for each would cost its stack. */
export const UNUSUAL = new Error("left to the library");

// Up to here a loop is cheaper than a call of native code.
const LOOP_MAX_CHARS = 10;
// A UTF-16 unit takes three bytes of UTF-8 at most.
const UTF8_MAX_BYTES = 3;

const string: WriteScalar = (to, value, at) => {
  if (typeof value !== "string") throw UNUSUAL;
  const { length } = value;
  if (length <= LOOP_MAX_CHARS) {
    to.reserve(at, SCALAR_ROOM_BYTES);
    const { bytes } = to;
    bytes[at] = length;
    let index = 0;
    while (index < length) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) break;
      index++;
      bytes[at + index] = code;
    }
    if (index === length) return at + 1 + length;
  }
  // Exactly, rather than growing for nothing, where there is not plenty of room.
  if (at + length * UTF8_MAX_BYTES + SCALAR_ROOM_BYTES > to.bytes.length)
    to.reserve(at, Buffer.byteLength(value) + SCALAR_ROOM_BYTES);
  // Most text is ASCII.
  const guess = varintSize(length);
  return to.prefix(at, guess, at + guess + to.bytes.write(value, at + guess));
};

const bytes: WriteScalar = (to, value, at) => {
  if (!(value instanceof Uint8Array)) throw UNUSUAL;
  to.reserve(at, value.length + SCALAR_ROOM_BYTES);
  const start = to.varint(value.length, at);
  to.bytes.set(value, start);
  return start + value.length;
};

const bool: WriteScalar = (to, value, at) => {
  if (typeof value !== "boolean") throw UNUSUAL;
  to.bytes[at] = value ? 1 : 0;
  return at + 1;
};

const double: WriteScalar = (to, value, at) => {
  if (typeof value !== "number") throw UNUSUAL;
  to.view.setFloat64(at, value, true);
  return at + 8;
};

const float: WriteScalar = (to, value, at) => {
  if (typeof value !== "number") throw UNUSUAL;
  if (!Number.isFinite(Math.fround(value)) && Number.isFinite(value)) throw UNUSUAL;
  to.view.setFloat32(at, value, true);
  return at + 4;
};

function signed(value: unknown): number {
  if (typeof value !== "number" || (value | 0) !== value) throw UNUSUAL;
  return value;
}

function unsigned(value: unknown): number {
  if (typeof value !== "number" || value >>> 0 !== value) throw UNUSUAL;
  return value;
}

const int32: WriteScalar = (to, value, at) => {
  const it = signed(value);
  if (it >= 0) return to.varint(it, at);
  // As 64 bits, the upper half of which are ones.
  return to.varint64(it >>> 0, 0xffff_ffff, at);
};

const uint32: WriteScalar = (to, value, at) => to.varint(unsigned(value), at);

const sint32: WriteScalar = (to, value, at) => {
  const it = signed(value);
  return to.varint(((it << 1) ^ (it >> 31)) >>> 0, at);
};

const fixed32: WriteScalar = (to, value, at) => {
  to.view.setUint32(at, unsigned(value), true);
  return at + 4;
};

const sfixed32: WriteScalar = (to, value, at) => {
  to.view.setInt32(at, signed(value), true);
  return at + 4;
};

const sfixed64: WriteScalar = (to, value, at) => {
  // Where the type of the contract is text, or someone took a number.
  const it = typeof value === "bigint" ? value : BigInt(protoInt64.parse(value as string));
  if (BigInt.asIntN(64, it) !== it) throw UNUSUAL;
  to.view.setBigInt64(at, it, true);
  return at + 8;
};

const fixed64: WriteScalar = (to, value, at) => {
  const it = typeof value === "bigint" ? value : BigInt(protoInt64.uParse(value as string));
  if (BigInt.asUintN(64, it) !== it) throw UNUSUAL;
  to.view.setBigUint64(at, it, true);
  return at + 8;
};

const int64: WriteScalar = (to, value, at) => {
  sfixed64(to, value, at);
  return to.varint64(to.view.getUint32(at, true), to.view.getUint32(at + 4, true), at);
};

const uint64: WriteScalar = (to, value, at) => {
  fixed64(to, value, at);
  return to.varint64(to.view.getUint32(at, true), to.view.getUint32(at + 4, true), at);
};

const sint64: WriteScalar = (to, value, at) => {
  sfixed64(to, value, at);
  const low = to.view.getInt32(at, true);
  const high = to.view.getInt32(at + 4, true);
  const sign = high >> 31;
  return to.varint64(((low << 1) ^ sign) >>> 0, (((high << 1) | (low >>> 31)) ^ sign) >>> 0, at);
};

const { Varint, Bit32, Bit64, LengthDelimited } = WireType;

/** How each type of scalar is written, after a tag of which wire type. */
export const SCALARS: Readonly<Record<ScalarType, { readonly wireType: WireType; readonly write: WriteScalar }>> = {
  [ScalarType.DOUBLE]: { wireType: Bit64, write: double },
  [ScalarType.FLOAT]: { wireType: Bit32, write: float },
  [ScalarType.INT64]: { wireType: Varint, write: int64 },
  [ScalarType.UINT64]: { wireType: Varint, write: uint64 },
  [ScalarType.INT32]: { wireType: Varint, write: int32 },
  [ScalarType.FIXED64]: { wireType: Bit64, write: fixed64 },
  [ScalarType.FIXED32]: { wireType: Bit32, write: fixed32 },
  [ScalarType.BOOL]: { wireType: Varint, write: bool },
  [ScalarType.STRING]: { wireType: LengthDelimited, write: string },
  [ScalarType.BYTES]: { wireType: LengthDelimited, write: bytes },
  [ScalarType.UINT32]: { wireType: Varint, write: uint32 },
  [ScalarType.SFIXED32]: { wireType: Bit32, write: sfixed32 },
  [ScalarType.SFIXED64]: { wireType: Bit64, write: sfixed64 },
  [ScalarType.SINT32]: { wireType: Varint, write: sint32 },
  [ScalarType.SINT64]: { wireType: Varint, write: sint64 },
};
