import {
  create,
  type DescMethod,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message,
  type MessageInitShape,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import { isFieldError } from "@bufbuild/protobuf/reflect";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import type { Policy } from "#gen/shop/mesh/v1/policy_pb.js";
import { callFailure, type Failure } from "../failure.ts";
import type { Implementation } from "../implementation.ts";
import { policyOf } from "../policy.ts";
import { createMessageEncoder, type EncodeMessage } from "../wire/encode-message.ts";
import type { Format } from "./format.ts";

/** What answers a unary call: a message, or what one is made from. */
export type UnaryHandler = (request: Message, context: HandlerContext) => object | PromiseLike<object>;

/** A unary RPC that is served, with all that can be known of it before it is called. */
export interface UnaryMethod {
  readonly method: DescMethod;
  readonly policy: Policy;
  readonly handler: UnaryHandler;
  /** Encodes an answer. */
  readonly encode: EncodeMessage;
  /** Whether Connect clients may use GET. */
  readonly allowsGet: boolean;
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

function undecodable({ method }: UnaryMethod, { codec }: Format, error: unknown): Failure {
  const field = codec === "json" ? fieldOf(error) : undefined;
  const what = codec === "json" ? "JSON of a" : "a binary";
  const message = `The request is not ${what} ${method.input.typeName} message${field === undefined ? "" : ` (${field})`}.`;
  if (field === undefined) return callFailure(ErrorReason.INVALID_INPUT, message);
  const violations = [{ field, description: "cannot be read", reason: "decoding" }];
  return callFailure(ErrorReason.INVALID_INPUT, message, { violations });
}

/**
 * The request in its bytes.
 * @throws Failure INVALID_INPUT, which quotes nothing of the request.
 */
export function decodeRequest(served: UnaryMethod, format: Format, data: Uint8Array, registry?: Registry): Message {
  const { input } = served.method;
  try {
    if (format.codec === "proto") return fromBinary(input, data);
    const json = JSON.parse(decoder.decode(data)) as JsonValue;
    // Clients may know a newer contract than we do.
    return fromJson(input, json, { ignoreUnknownFields: true, ...(registry && { registry }) });
  } catch (error) {
    throw undecodable(served, format, error);
  }
}

/** The bytes of an answer, with so many left free before them. */
export function encodeResponse(
  { method: { output }, encode }: UnaryMethod,
  format: Format,
  response: object,
  headBytes: number,
  registry?: Registry,
): Buffer {
  const message = create(output, response as MessageInitShape<typeof output>);
  if (format.codec === "proto") return encode(message, headBytes);
  const json = JSON.stringify(toJson(output, message, registry && { registry }));
  const bytes = Buffer.allocUnsafe(headBytes + Buffer.byteLength(json));
  bytes.write(json, headBytes);
  return bytes;
}

/** The unary RPCs of implementations by their path. */
export function unaryMethods(implementations: readonly Implementation[]): ReadonlyMap<string, UnaryMethod> {
  const table = new Map<string, UnaryMethod>();
  for (const { service, methods } of implementations) {
    for (const method of service.methods) {
      if (method.methodKind !== "unary") continue;
      const handler = methods[method.localName] as UnaryHandler;
      table.set(`/${service.typeName}/${method.name}`, {
        method,
        policy: policyOf(method),
        handler: handler.bind(methods),
        encode: createMessageEncoder(method.output),
        allowsGet: method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
      });
    }
  }
  return table;
}
