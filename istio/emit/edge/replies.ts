import { create } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { errorToJson } from "@connectrpc/connect/protocol-connect";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "#kit/failure.ts";
import { errorTrailers } from "#kit/wire/status.ts";
import type { EnvoyMessage } from "./filters.ts";

/** What a proxy refuses by itself, said as a service would say it. */
interface Refusal {
  readonly httpStatus: number;
  readonly reason: ErrorReason;
  readonly message: string;
}

const REFUSALS: readonly Refusal[] = [
  { httpStatus: 401, reason: ErrorReason.TOKEN_INVALID, message: "The access token is not valid, or not any more." },
  { httpStatus: 413, reason: ErrorReason.MESSAGE_TOO_LARGE, message: "The request is larger than the call takes." },
  { httpStatus: 429, reason: ErrorReason.RATE_LIMITED, message: "Too many calls; wait a moment." },
  {
    httpStatus: 503,
    reason: ErrorReason.DEPENDENCY_UNAVAILABLE,
    message: "This part of the shop is away for the moment; try again.",
  },
  { httpStatus: 504, reason: ErrorReason.DEADLINE_EXCEEDED, message: "The time allowed for the call ran out." },
];

const header = (name: string, prefix: string) => ({ header_filter: { header: { name, string_match: { prefix } } } });
const set = ([key, value]: [string, string]) => ({
  header: { key, value },
  append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
});
// Envoy reads operators of its own in texts.
const literal = (text: string) => text.replaceAll("%", "%%");

function mappersOf({ httpStatus, reason, message }: Refusal): EnvoyMessage[] {
  const failure = callFailure(reason, message);
  const info = create(ErrorInfoSchema, { domain: failure.domain, reason: failure.reason });
  const error = new ConnectError(message, failure.code, undefined, [{ desc: ErrorInfoSchema, value: info }]);
  const trailers = Object.entries(errorTrailers(error)).map(([key, value]): [string, string] => [key, literal(value)]);
  const status = {
    status_code_filter: {
      comparison: { op: "EQ", value: { default_value: httpStatus, runtime_key: `refusal.${httpStatus}` } },
    },
  };
  const when = (...filters: object[]) => ({ and_filter: { filters: [status, ...filters] } });
  return [
    // gRPC-Web: an answer without messages, its trailers as the header.
    {
      filter: when(header("content-type", "application/grpc-web")),
      status_code: 200,
      headers_to_add: trailers.map(set),
      body: { inline_string: "" },
      body_format_override: {
        text_format_source: { inline_string: "%LOCAL_REPLY_BODY%" },
        content_type: "application/grpc-web+proto",
      },
    },
    // gRPC: Envoy puts it into that form itself, from the status and the text.
    {
      filter: when(header("content-type", "application/grpc")),
      headers_to_add: trailers.filter(([key]) => key !== "grpc-message").map(set),
      body: { inline_string: message },
    },
    // Connect.
    {
      filter: when(header(":path", "/shop.")),
      body_format_override: { json_format: errorToJson(error, undefined) },
    },
  ];
}

/** The words for what a proxy refuses by itself, in each protocol the way a service says it. */
export const localReplies: EnvoyMessage = { mappers: REFUSALS.flatMap(mappersOf) };
