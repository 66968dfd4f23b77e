import {
  create,
  type DescMethod,
  type Message,
  type MessageInitShape,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";
import type { Policy } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Implementation } from "../implementation.ts";
import { policyOf, requestMaxBytesOf } from "../policy.ts";
import { createMessageEncoder, type EncodeMessage } from "../wire/encode-message.ts";
import type { Format } from "./format.ts";

/** What answers a unary call: a message, or what one is made from. */
export type UnaryHandler = (request: Message, context: HandlerContext) => object | PromiseLike<object>;

/** A unary RPC that is served, with all that can be known of it before it is called. */
export interface UnaryMethod {
  readonly method: DescMethod;
  readonly policy: Policy;
  /** The largest request, in bytes, when not compressed. */
  readonly requestMaxBytes: number;
  readonly handler: UnaryHandler;
  /** Encodes an answer. */
  readonly encode: EncodeMessage;
  /** Whether Connect clients may use GET. */
  readonly allowsGet: boolean;
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
      const policy = policyOf(method);
      const handler = methods[method.localName] as UnaryHandler;
      table.set(`/${service.typeName}/${method.name}`, {
        method,
        policy,
        requestMaxBytes: requestMaxBytesOf(policy),
        handler: handler.bind(methods),
        encode: createMessageEncoder(method.output),
        allowsGet: method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
      });
    }
  }
  return table;
}
