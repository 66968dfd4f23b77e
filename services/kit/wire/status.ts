import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { ConnectError } from "@connectrpc/connect";

const TYPE_PREFIX = "type.googleapis.com/";

type Detail = ConnectError["details"][number];

/** A detail of an error as its type's name and bytes. */
export function detailBytes(detail: Detail): { readonly type: string; readonly value: Uint8Array } {
  if (!("desc" in detail)) return detail;
  return { type: detail.desc.typeName, value: toBinary(detail.desc, create(detail.desc, detail.value)) };
}

/** The bytes of a google.rpc.Status (https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto). */
function statusBytes(error: ConnectError): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int32(error.code);
  writer.tag(2, WireType.LengthDelimited).string(error.rawMessage);
  for (const detail of error.details) {
    const { type, value } = detailBytes(detail);
    writer.tag(3, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(TYPE_PREFIX + type);
    writer.tag(2, WireType.LengthDelimited).bytes(value);
    writer.join();
  }
  return writer.finish();
}

/** Percent-encodes what may not stand in a header: gRPC's rule for `grpc-message`. */
export function encodeMessage(text: string): string {
  return /^[ -$&-~]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed()).replaceAll("%20", " ");
}

/** The trailers of a call that failed: status, message and details. */
export function errorTrailers(error: ConnectError): Record<string, string> {
  const trailers: Record<string, string> = {
    "grpc-status": `${error.code}`,
    "grpc-message": encodeMessage(error.rawMessage),
  };
  if (error.details.length > 0) {
    const bytes = statusBytes(error);
    const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
    trailers["grpc-status-details-bin"] = base64.replace(/=+$/, "");
  }
  return trailers;
}
