import { type DescMethod, fromBinary, fromJson, type JsonValue, type Message, type Registry } from "@bufbuild/protobuf";
import { isFieldError } from "@bufbuild/protobuf/reflect";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure, type Failure } from "../failure.ts";
import { DecompressionError, decompress, ENCODINGS, type Encoding, isEncoding } from "../wire/compression.ts";
import type { Codec } from "./format.ts";
import type { Packed } from "./protocol.ts";

/** How messages are read and written. */
export interface MessageOptions {
  /** Largest answer, in bytes, when not compressed; how large a request may be stands in the contract. */
  readonly responseMaxBytes: number;
  /** Types that may stand in a google.protobuf.Any, so that it can be written as JSON. */
  readonly registry?: Registry;
}

/** What the body of a request may have besides its message: an envelope. */
export const PACKING_BYTES = 16;

/** What a request ends with that is larger than the service takes. */
export function requestTooLarge(maxBytes: number): Failure {
  return callFailure(ErrorReason.MESSAGE_TOO_LARGE, `The request is larger than ${maxBytes} bytes.`, {
    metadata: { maxBytes: `${maxBytes}` },
  });
}

/**
 * How a request is compressed, by the header that says so.
 * @throws Failure ENCODING_UNKNOWN
 */
export function requestEncoding(name: string | null): Encoding | undefined {
  if (name === null || name === "" || name === "identity") return undefined;
  if (isEncoding(name)) return name;
  throw callFailure(
    ErrorReason.ENCODING_UNKNOWN,
    `The request is compressed in a way that is not known here; known are ${ENCODINGS.join(", ")}.`,
    { metadata: { supported: ENCODINGS.join(",") } },
  );
}

async function decompressed(encoding: Encoding, data: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  try {
    return await decompress(encoding, data, maxBytes);
  } catch (error) {
    if (error instanceof DecompressionError && error.tooLarge) throw requestTooLarge(maxBytes);
    throw callFailure(ErrorReason.INVALID_INPUT, `The request is not valid ${encoding}.`);
  }
}

/**
 * The bytes of a message; by a promise where it is compressed.
 * @throws Failure when it is too large, or is not what it says
 */
export function messageBytes(
  { data, compressed }: Packed,
  encoding: Encoding | undefined,
  maxBytes: number,
): Uint8Array | Promise<Uint8Array> {
  if (data.length > maxBytes) throw requestTooLarge(maxBytes);
  if (!compressed) return data;
  // A code that gRPC prescribes (https://github.com/grpc/grpc/blob/master/doc/compression.md).
  if (encoding === undefined)
    throw callFailure(ErrorReason.INTERNAL, "The request is compressed, but does not say how.");
  return decompressed(encoding, data, maxBytes);
}

const decoder = new TextDecoder();

/** The name of the field that could not be read, if the library tells. Its own text is not passed on: it quotes the value. */
function fieldOf(error: unknown): string | undefined {
  for (let it = error; it instanceof Error; it = it.cause) {
    if (isFieldError(it)) {
      const field = it.field();
      return field.kind === "oneof" ? field.name : field.jsonName;
    }
  }
  return undefined;
}

function undecodable({ input }: DescMethod, codec: Codec, error: unknown): Failure {
  const field = codec === "json" ? fieldOf(error) : undefined;
  const what = codec === "json" ? "JSON of a" : "a binary";
  const message = `The request is not ${what} ${input.typeName} message${field === undefined ? "" : ` (${field})`}.`;
  if (field === undefined) return callFailure(ErrorReason.INVALID_INPUT, message);
  const violations = [{ field, description: "cannot be read", reason: "decoding" }];
  return callFailure(ErrorReason.INVALID_INPUT, message, { violations });
}

/**
 * The request in its bytes.
 * @throws Failure INVALID_INPUT, which quotes nothing of the request.
 */
export function decodeRequest(method: DescMethod, codec: Codec, data: Uint8Array, registry?: Registry): Message {
  const { input } = method;
  try {
    if (codec === "proto") return fromBinary(input, data);
    const json = JSON.parse(decoder.decode(data)) as JsonValue;
    // Clients may know a newer contract than we do.
    return fromJson(input, json, { ignoreUnknownFields: true, ...(registry && { registry }) });
  } catch (error) {
    throw undecodable(method, codec, error);
  }
}
