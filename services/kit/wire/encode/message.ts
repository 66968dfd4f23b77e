import type { DescMessage } from "@bufbuild/protobuf";
import { Edition } from "@bufbuild/protobuf/wkt";
import { fieldWriter, type Values, type Write, type WriteField } from "./fields.ts";
import { UNUSUAL } from "./scalar.ts";
import type { Writer } from "./writer.ts";

interface UnknownField {
  readonly no: number;
  readonly wireType: number;
  readonly data: Uint8Array;
}

// Types refer to each other, and to themselves.
const writes = new WeakMap<DescMessage, Write>();

function writeUnknown(to: Writer, unknown: unknown, at: number): number {
  if (!Array.isArray(unknown)) throw UNUSUAL;
  let next = at;
  for (const { no, wireType, data } of unknown as readonly UnknownField[]) {
    if (!(data instanceof Uint8Array)) throw UNUSUAL;
    const start = to.tag(((no << 3) | wireType) >>> 0, next);
    to.reserve(start, data.length);
    to.bytes.set(data, start);
    next = start + data.length;
  }
  return next;
}

/**
 * A function that writes the members of those names one after the other, each with its own writer. Its text is made
 * here, because the engine then knows where in a message each member stands: a loop that looks them up by name takes
 * twice the time for the whole message.
 */
function sequence(names: readonly string[], members: readonly WriteField[]): Write {
  const parameters = members.map((_, index) => `write${index}`);
  const steps = names.map((it, index) => `at = write${index}(to, message[${JSON.stringify(it)}], at, message);`);
  const body = `"use strict"; return (to, message, at) => { ${steps.join(" ")} return at; };`;
  return new Function(...parameters, body)(...members);
}

/** Finds how messages of a type are written. */
export function writeOf(desc: DescMessage): Write {
  const known = writes.get(desc);
  if (known !== undefined) return known;
  const { typeName } = desc;
  // Elsewhere what is not set may be inherited.
  const isPlain = desc.file.edition === Edition.EDITION_PROTO3;
  let writeFields: Write = (_to, _message, at) => at;
  const write: Write = (to, message, at) => {
    if (message.$typeName !== typeName) throw UNUSUAL;
    if (isPlain && Object.getPrototypeOf(message) !== Object.prototype) throw UNUSUAL;
    const next = writeFields(to, message as Values, at);
    return message.$unknown === undefined ? next : writeUnknown(to, message.$unknown, next);
  };
  writes.set(desc, write);
  const fields = desc.fields.toSorted((a, b) => a.number - b.number);
  const names = fields.map((it) => it.oneof?.localName ?? it.localName);
  writeFields = sequence(
    names,
    fields.map((it) => fieldWriter(it, writeOf)),
  );
  return write;
}
