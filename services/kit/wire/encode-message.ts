import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import type { Values } from "./encode/fields.ts";
import { writeOf } from "./encode/message.ts";
import { Writer } from "./encode/writer.ts";

/** Encodes a message of one type, behind so many bytes that are left to the caller and may hold anything. */
export type EncodeMessage = (message: Message, headBytes?: number) => Buffer<ArrayBuffer>;

// What is set aside at most for a message before its size is known.
const EXPECTED_MAX_BYTES = 1024 * 1024;

// Like Buffer's own pool, one for all: messages are written one after the other.
const writer = new Writer();

function encodeByLibrary(desc: DescMessage, message: Message, headBytes: number): Buffer<ArrayBuffer> {
  const bytes = toBinary(desc, message);
  const encoded = Buffer.allocUnsafe(headBytes + bytes.length);
  encoded.set(bytes, headBytes);
  return encoded;
}

/**
 * Encodes messages of a type, to the same bytes as `toBinary` and with the same errors, at less than half its cost:
 * that makes buffers for each message, and this writes one message after the other into a common one.
 * What is not as the contract's types promise is left to `toBinary`, and so is google.protobuf.Struct.
 */
export function createMessageEncoder(desc: DescMessage): EncodeMessage {
  const write = writeOf(desc);
  let expectedBytes = 0;
  return (message, headBytes = 0) => {
    const start = writer.begin(headBytes + expectedBytes);
    // A getter of a message that is being written has another one written.
    if (start === undefined) return encodeByLibrary(desc, message, headBytes);
    let end: number;
    try {
      end = write(writer, message as unknown as Values, start + headBytes);
    } catch {
      writer.discard();
      return encodeByLibrary(desc, message, headBytes);
    }
    expectedBytes = Math.min(end - start, EXPECTED_MAX_BYTES);
    return writer.finish(end);
  };
}
