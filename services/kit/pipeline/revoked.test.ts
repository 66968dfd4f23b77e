import type { DescMethod } from "@bufbuild/protobuf";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { createRevocations } from "../identity/revocations.ts";
import { callOf, endOf, reasonOf, userOf } from "../testing/call.ts";
import { refuseRevoked } from "./revoked.ts";

const log = pino({ level: "silent" });

function setUp(method: DescMethod) {
  const revocations = createRevocations(log);
  const user = userOf("customer");
  const call = callOf(method, { user });
  return { revocations, user, call, step: refuseRevoked(revocations) };
}

describe("a session that has ended", () => {
  it("is refused, whoever it was; others and nobody are not", async () => {
    const { revocations, user, call, step } = setUp(Health.method.check);
    expect(await endOf(() => step(call))).toBe("OK");
    revocations.revoke(user.sessionId);
    expect(await endOf(() => step(call))).toBe("TOKEN_INVALID");
    expect(call.user).toBeUndefined();
    expect(await endOf(() => step(callOf(Health.method.check, { user: userOf("customer") })))).toBe("OK");
    expect(await endOf(() => step(callOf(Health.method.check)))).toBe("OK");
  });

  it("ends its streams", async () => {
    const { revocations, user, call, step } = setUp(Health.method.watch);
    let reason: unknown;
    call.onCancel((it) => (reason = it));
    await step(call);
    revocations.learn("another");
    expect(reason).toBeUndefined();
    revocations.learn(user.sessionId);
    expect(reasonOf(reason)).toBe("TOKEN_INVALID");
  });

  it("has nothing more to do with a stream that is over", async () => {
    const { revocations, user, call, step } = setUp(Health.method.watch);
    await step(call);
    call.finish(0, undefined);
    let told = 0;
    call.onCancel(() => told++);
    const before = told;
    revocations.learn(user.sessionId);
    expect(told).toBe(before);
  });
});
