import { PassThrough } from "node:stream";
import { create, type Message } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { AuthService, SignInRequestSchema } from "#gen/shop/auth/v1/auth_service_pb.js";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { OrderService, PlaceOrderRequestSchema } from "#gen/shop/order/v1/order_service_pb.js";
import { callFailure } from "../failure.ts";
import { createProofs, proofIdentity } from "../identity/proof.ts";
import { WORKLOAD_HEADER } from "../identity/workload.ts";
import { createLogger } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import { incomingOf, userOf } from "../testing/call.ts";
import { echoContract } from "../testing/contract.ts";
import { createPipeline } from "./pipeline.ts";
import { standardSteps } from "./steps.ts";

const { say } = echoContract().method;
const proofs = createProofs(Buffer.alloc(32, 1));
const identity = proofIdentity(proofs, "product");
const ada = { ...userOf("customer", "ada"), token: "t0k3n-of-ada" };

/** The pipeline as services have it, and the lines it wrote. */
function logged() {
  const stream = new PassThrough();
  const log = createLogger({ level: "trace", environment: "prod" }, stream);
  const metrics = createMetrics("product");
  const pipeline = createPipeline(standardSteps({ metrics, identity, tokens: { verify: async () => ada } }), log);
  const text = () => String(stream.read() ?? "");
  return { pipeline, metrics, text };
}

const header = () =>
  new Headers({
    [WORKLOAD_HEADER]: proofs.prove("order"),
    authorization: `Bearer ${ada.token}`,
    cookie: "refresh=r3fr3sh",
    "x-request-id": "request-4711",
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  });

describe("the access log", () => {
  const ends: readonly [string, () => unknown, object][] = [
    ["was answered", () => "fine", { level: 30, code: "OK", msg: "call" }],
    [
      "was refused",
      () => Promise.reject(callFailure(ErrorReason.USER_NOT_ALLOWED, "Not for you.")),
      { level: 30, code: "PermissionDenied", reason: "Not for you.", msg: "call refused" },
    ],
    [
      "found a part away",
      () =>
        Promise.reject(callFailure(ErrorReason.DEPENDENCY_UNAVAILABLE, "away", { cause: new Error("ECONNREFUSED") })),
      { level: 40, code: "Unavailable", reason: "ECONNREFUSED", msg: "call failed" },
    ],
    [
      "the stop of the service ended, which is nobody's fault",
      () => Promise.reject(callFailure(ErrorReason.SHUTTING_DOWN, "stopping")),
      { level: 30, code: "Unavailable", msg: "call ended by the stop" },
    ],
    ["broke", () => Promise.reject(new Error("the cause")), { level: 50, code: "Internal", msg: "call failed" }],
  ];
  it.each(ends)(
    "has one line for a call that %s: who called what for whom, and how it ended",
    async (_, handler, line) => {
      const { pipeline, text, metrics } = logged();
      await pipeline.unary(incomingOf(say, { header: header() }), handler).catch(() => {});
      const written = text();
      expect(written.trim().split("\n")).toHaveLength(1);
      expect(JSON.parse(written)).toMatchObject({
        ...line,
        caller: "order",
        user: "ada",
        method: "test.product.v1.EchoService/Say",
        requestId: "request-4711",
        traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
        durationMs: expect.any(Number),
      });
      if (written.includes("Internal")) expect(written).toContain("the cause");
      const series = await metrics.registry.getSingleMetricAsString("rpc_server_duration_seconds");
      const labels = `service="test.product.v1.EchoService",method="Say",caller="order",code="${JSON.parse(written).code}"`;
      expect(series).toContain(`_count{${labels},workload="product"} 1`);
    },
  );

  it("has a line for what a step refuses as well", async () => {
    const { pipeline, text } = logged();
    const forged = new Headers({ [WORKLOAD_HEADER]: "order.forged" });
    await pipeline.unary(incomingOf(say, { header: forged }), () => {}).catch(() => {});
    expect(JSON.parse(text())).toMatchObject({ code: "PermissionDenied", caller: "edge", msg: "call refused" });
  });

  const secretRequests: readonly [string, Parameters<typeof incomingOf>[0], Message][] = [
    ["a sign-in", AuthService.method.signIn, create(SignInRequestSchema, { email: "ada@x.org", password: "p4ssw0rd" })],
    [
      "a sign-in with input that is wrong",
      AuthService.method.signIn,
      create(SignInRequestSchema, { password: "p4ssw0rd" }),
    ],
    [
      "a payment with input that is wrong",
      OrderService.method.placeOrder,
      create(PlaceOrderRequestSchema, {
        paymentMethod: { case: "card", value: { number: "4242424242424242", securityCode: "c0d3" } },
      }),
    ],
    ["any text", say, create(StringValueSchema, { value: "a message's content" })],
  ];
  it.each(secretRequests)(
    "never holds a word of %s, whether it is answered, refused or breaks",
    async (_, method, message) => {
      const { pipeline, text } = logged();
      const handlers = [
        () => message,
        () => Promise.reject(callFailure(ErrorReason.INTERNAL, "no")),
        () => Promise.reject(message),
      ];
      for (const caller of ["edge", "order"]) {
        for (const handler of handlers) {
          const headers = header();
          headers.set(WORKLOAD_HEADER, proofs.prove(caller));
          await pipeline.unary(incomingOf(method, { header: headers, message }), handler).catch(() => {});
        }
      }
      const written = text();
      expect(written).toContain("request-4711");
      for (const secret of ["p4ssw0rd", "4242424242424242", "c0d3", ada.token, "r3fr3sh", proofs.prove("order")])
        expect(written).not.toContain(secret);
    },
  );
});
