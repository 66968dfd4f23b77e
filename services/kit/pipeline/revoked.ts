import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "../failure.ts";
import type { Revocations } from "../identity/revocations.ts";
import type { Step } from "./pipeline.ts";

const ended = () => callFailure(ErrorReason.TOKEN_INVALID, "The access token's session is over.");

/** Refuses the tokens of sessions that have ended, and ends the streams that were opened with them. */
export function refuseRevoked(revocations: Pick<Revocations, "has" | "watch">): Step {
  return (call) => {
    if (call.user === undefined) return;
    const { sessionId } = call.user;
    if (revocations.has(sessionId)) {
      call.user = undefined;
      throw ended();
    }
    if (call.method.methodKind === "unary") return;
    call.onEnd.push(revocations.watch(sessionId, () => call.cancel(ended())));
  };
}
