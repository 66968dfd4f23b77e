import { randomUUID } from "node:crypto";
import { create, type DescMethod, type Message } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { pino } from "pino";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import type { Call } from "../call.ts";
import { Failure } from "../failure.ts";
import { ROLE_LEVEL, type RoleClaim, type UserIdentity } from "../identity/access-token.ts";
import type { Incoming } from "../pipeline/pipeline.ts";
import { continueTrace } from "../pipeline/trace.ts";
import { policyOf } from "../policy.ts";

/** A call as a client's protocol handling would hand it to the pipeline. */
export function incomingOf(method: DescMethod, init: Partial<Incoming> = {}): Incoming {
  return {
    method,
    message: create(StringValueSchema, { value: "hello" }) as Message,
    header: new Headers(),
    responseHeader: new Headers(),
    peerAddress: "10.0.0.1",
    callerTimeoutMs: undefined,
    signal: new AbortController().signal,
    ...init,
  };
}

/** A call as a step of the pipeline finds it. */
export function callOf(method: DescMethod, init: Partial<Call> = {}): Call {
  return {
    ...incomingOf(method),
    policy: policyOf(method),
    startMs: performance.now(),
    requestId: randomUUID(),
    trace: continueTrace(null),
    caller: "edge",
    user: undefined,
    clientAddress: "10.0.0.1",
    deadlineMs: undefined,
    abort: new AbortController(),
    log: pino({ level: "silent" }),
    onEnd: [],
    ...init,
  };
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
