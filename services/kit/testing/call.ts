import { randomUUID } from "node:crypto";
import { create, type DescMethod, type Message } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { pino } from "pino";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { Call } from "../call.ts";
import { Failure } from "../failure.ts";
import { ROLE_LEVEL, type RoleClaim, type UserIdentity } from "../identity/access-token.ts";
import type { HandedOver } from "../pipeline/pipeline.ts";
import { policyOf } from "../policy.ts";

/** A call as a client's protocol handling would hand it to the pipeline. */
export function incomingOf(method: DescMethod, init: Partial<HandedOver> = {}): HandedOver {
  return {
    method,
    policy: policyOf(method),
    message: create(StringValueSchema, { value: "hello" }) as Message,
    header: new Headers(),
    peer: { address: "10.0.0.1", spiffeId: undefined },
    callerTimeoutMs: undefined,
    signal: new AbortController().signal,
    ...init,
  };
}

/** A call as a step of the pipeline finds it. */
export function callOf(
  method: DescMethod,
  init: Partial<Pick<Call, "caller" | "user" | "clientAddress" | "message" | "header" | "peer">> = {},
): Call {
  const { header = new Headers(), peer, ...rest } = init;
  const incoming = incomingOf(method, { header, ...(peer && { peer }) });
  const call = new Call(incoming, pino({ level: "silent" }));
  return Object.assign(call, { message: incoming.message }, rest);
}

/** A user as a verified token tells of one. */
export function userOf(role: RoleClaim, userId: string = randomUUID()): UserIdentity {
  return { userId, sessionId: randomUUID(), role, level: ROLE_LEVEL[role], token: "a-token" };
}

/** The reason a call was refused for, whether it crossed a wire or not; undefined for an error without exactly one. */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof Failure) return error.reason;
  const infos = error instanceof ConnectError ? error.findDetails(ErrorInfoSchema) : [];
  return infos.length === 1 ? infos[0]?.reason : undefined;
}

/** How a promise or a function ended: the reason of its failure, or "OK". */
export async function endOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work();
    return "OK";
  } catch (error) {
    return reasonOf(error);
  }
}
