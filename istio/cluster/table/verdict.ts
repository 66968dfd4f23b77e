import { Code } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import type { CallResult } from "../pod/calls.ts";
import type { Verdict } from "./cells.ts";

const REFUSALS = new Set(["CALLER_NOT_ALLOWED", "TOKEN_INVALID", "TOKEN_MISSING", "USER_NOT_ALLOWED"]);
/** Says nothing about whether the call is allowed: somebody was busy, or not there. */
const PASSING = new Set(["OVERLOADED", "RATE_LIMITED", "SHUTTING_DOWN"]);

/** The reason that a process of the shop gives with every failure. */
function reasonOf({ grpc, details }: CallResult): string | undefined {
  if (grpc === undefined || details === undefined) return undefined;
  const trailers = new Headers({ "grpc-status": `${grpc}`, "grpc-status-details-bin": details });
  return findTrailerError(trailers)?.findDetails(ErrorInfoSchema)[0]?.reason;
}

/** Who refused a call, told from what came back; a sentence where that cannot be told. */
export function verdictOf(result: CallResult): Verdict | { readonly unclear: string } {
  const { http, grpc, message, broken, served } = result;
  const reason = reasonOf(result);
  if (reason !== undefined && PASSING.has(reason)) return { unclear: reason };
  if (reason !== undefined && REFUSALS.has(reason)) return { refusedBy: "process", how: reason };
  if (served || reason !== undefined) return { refusedBy: "nobody" };
  if (grpc === Code.Unauthenticated || http === 401) return { refusedBy: "mesh", how: "unauthenticated" };
  if (grpc === Code.PermissionDenied || http === 403) return { refusedBy: "mesh", how: "permission denied" };
  if (http === undefined) return { refusedBy: "mesh", how: "no connection" };
  return { unclear: `HTTP ${http}, gRPC ${grpc ?? "none"}, ${broken ?? message ?? "no message"}` };
}
