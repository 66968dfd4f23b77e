import { create, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { StringValueSchema, StructSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { services } from "#gen/services.js";
import type { Values } from "./encode/fields.ts";
import { writeOf } from "./encode/message.ts";
import { arbitraryMessage } from "./encode/testing/arbitrary-message.ts";
import { Everything, Odd, Old } from "./encode/testing/every-field.ts";
import { Writer } from "./encode/writer.ts";
import { createMessageEncoder } from "./encode-message.ts";

/** The bytes, or what is thrown instead. */
function outcome(encode: () => Uint8Array): string {
  try {
    return Buffer.from(encode()).toString("hex");
  } catch (error) {
    return String(error);
  }
}

function expectSame(desc: DescMessage, message: Message): void {
  const expected = outcome(() => toBinary(desc, message));
  const encode = createMessageEncoder(desc);
  expect(outcome(() => encode(message))).toBe(expected);
  expect(outcome(() => encode(message, 5).subarray(5))).toBe(expected);
}

/** Expects that it is done without the library, which would always give the same. */
function expectOwn(desc: DescMessage, message: Message): void {
  const writer = new Writer();
  const end = writeOf(desc)(writer, message as unknown as Values, writer.begin(0) ?? 0);
  expect(writer.finish(end).toString("hex")).toBe(outcome(() => toBinary(desc, message)));
}

/** All types that may stand in a call of ours. */
function contractTypes(): DescMessage[] {
  const found = new Set<DescMessage>();
  const add = (desc: DescMessage) => {
    if (found.has(desc)) return;
    found.add(desc);
    for (const { message } of desc.fields) if (message !== undefined) add(message);
    for (const nested of nestedTypes(desc)) if (nested.kind === "message") add(nested);
  };
  for (const { methods } of services) {
    for (const { input, output } of methods) {
      add(input);
      add(output);
    }
  }
  return [...found];
}

describe("encoding a message", () => {
  it.each(contractTypes().map((desc) => [desc.typeName, desc] as const))(
    "gives the library's bytes of %s",
    (_, desc) => {
      fc.assert(
        fc.property(arbitraryMessage(desc), (message) => expectSame(desc, message)),
        { numRuns: 20 },
      );
    },
  );

  it.each([
    ["proto3", Everything],
    ["proto2", Old],
  ])("gives the library's bytes of each kind of field of %s", (_, desc) => {
    fc.assert(
      fc.property(arbitraryMessage(desc), (message) => {
        expectSame(desc, message);
        expectOwn(desc, message);
      }),
      { numRuns: 500 },
    );
  });

  it("gives the library's bytes of what is partly left to it", () => {
    fc.assert(fc.property(arbitraryMessage(Odd), (message) => expectSame(Odd, message)));
  });

  it("does what the library does with values that are not of a field's type", () => {
    const wrong = fc.constantFrom<unknown>(
      ...[
        undefined,
        null,
        "",
        "0",
        "00",
        "7",
        "text",
        "true",
        0,
        -0,
        1,
        -1,
        1.5,
        2 ** 40,
        1e300,
        Number.NaN,
        true,
        false,
      ],
      ...[0n, 5n, -1n, 2n ** 64n, Symbol("it"), [], [7], ["7"], [undefined], {}, { 7: "7" }, { x: {} }, new Date(0)],
      ...[
        Buffer.from("x"),
        { case: "caseString", value: 5 },
        { case: "caseInt32", value: "5" },
        { case: "caseEverything" },
      ],
      create(StringValueSchema, { value: "text" }),
      create(StructSchema),
    );
    for (const desc of [Everything, Old]) {
      const names = desc.members.map((it) => it.localName);
      const message = arbitraryMessage(desc, 0);
      fc.assert(
        fc.property(message, fc.constantFrom(...names), wrong, (it, name, value) => {
          expectSame(desc, Object.assign(it, { [name]: value }));
        }),
        { numRuns: 2_000 },
      );
    }
  });

  it.each<[string, (message: Message) => Message]>([
    ["of another type", () => create(StructSchema)],
    ["that inherits its fields", (it) => Object.assign(Object.create(it), { $typeName: it.$typeName })],
    ["without a prototype", (it) => Object.assign(Object.create(null), it)],
    ["whose unknown fields are none", (it) => Object.assign(it, { $unknown: null })],
    [
      "whose unknown fields have no bytes",
      (it) => Object.assign(it, { $unknown: [{ no: 1, wireType: 0, data: [1] }] }),
    ],
  ])("does what the library does with a message %s", (_, change) => {
    const message = create(Everything, { singularString: "text", optionalInt32: 5 } as Record<string, unknown>);
    expectSame(Everything, change(message));
  });

  it("leaves what it gave out alone, whatever comes after", () => {
    const encode = createMessageEncoder(StringValueSchema);
    const text = fc.constantFrom(
      "",
      "short",
      "é".repeat(100),
      "x".repeat(5_000),
      "x".repeat(70_000),
      "€".repeat(500_000),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 20, maxLength: 40 }), fc.integer({ min: 0, max: 9 }), (texts, head) => {
        const messages = texts.map((value) => create(StringValueSchema, { value }));
        const encoded = messages.map((it) => encode(it, head));
        for (const [index, message] of messages.entries()) {
          const bytes = encoded[index]?.subarray(head) ?? Buffer.of();
          expect(bytes.equals(toBinary(StringValueSchema, message))).toBe(true);
        }
      }),
      { numRuns: 5 },
    );
  });

  it("goes on after a message that could not be written, and in one whose getter encodes another", () => {
    const encode = createMessageEncoder(StringValueSchema);
    const inner = create(StringValueSchema, { value: "inner" });
    expect(() => encode(Object.assign(create(StringValueSchema), { value: Object.create(null) }))).toThrow();
    const outer = Object.defineProperty(create(StringValueSchema), "value", {
      get: () => encode(inner).toString("hex"),
    });
    expectSame(StringValueSchema, outer);
    expectSame(StringValueSchema, inner);
  });
});
