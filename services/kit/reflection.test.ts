import { once } from "node:events";
import http2 from "node:http2";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection as V1 } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as V1Alpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import type { Main } from "./kit.ts";
import { reasonOf } from "./testing/call.ts";
import { startTestMesh, type TestMesh } from "./testing/mesh.ts";
import { encodeEnvelope } from "./wire/envelope.ts";
import { toHeaders } from "./wire/metadata.ts";

const services = [OrderService, CartService];
const main: Main = (kit) => {
  const nothing = (service: (typeof services)[number]) => ({
    service,
    methods: Object.fromEntries(service.methods.map((it) => [it.localName, () => ({})])),
  });
  return kit.serve({ services: services.map(nothing), ready: async () => {} });
};

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh({ order: main }, { postgresUrl: "postgres://nobody" });
});
afterAll(() => mesh.close());

/** What a tool may ask; the two versions are the same but for their names. */
type Question =
  | { case: "listServices" | "fileByFilename" | "fileContainingSymbol" | "allExtensionNumbersOfType"; value: string }
  | { case: "fileContainingExtension"; value: { containingType: string; extensionNumber: number } };

/** Asks all questions on one stream, each after the answer to the one before, as grpcurl does. */
async function ask(version: typeof V1 | typeof V1Alpha, questions: readonly Question[]) {
  const client = mesh.client(version as typeof V1, { workload: "order" });
  let answered = () => {};
  async function* requests() {
    for (const messageRequest of questions) {
      const answer = new Promise<void>((resolve) => (answered = resolve));
      yield { host: "here", messageRequest };
      await answer;
    }
  }
  const answers = [];
  for await (const { messageResponse, originalRequest, validHost } of client.serverReflectionInfo(requests())) {
    expect(validHost).toBe("here");
    expect(originalRequest?.messageRequest).toMatchObject(questions[answers.length] ?? {});
    answers.push(messageResponse);
    answered();
  }
  expect(answers).toHaveLength(questions.length);
  return answers;
}

type Answer = Awaited<ReturnType<typeof ask>>[number] | undefined;

function filesOf(answer: Answer): FileDescriptorProto[] {
  if (answer?.case !== "fileDescriptorResponse") throw new Error(`no files but ${answer?.case}`);
  return answer.value.fileDescriptorProto.map((it) => fromBinary(FileDescriptorProtoSchema, it));
}

const orderFile = "shop/order/v1/order_service.proto";

describe.each([
  ["v1", V1],
  ["v1alpha", V1Alpha],
] as const)("reflection %s", (_, version) => {
  it("lists every service of the port, its own two versions included", async () => {
    const [answer] = await ask(version, [{ case: "listServices", value: "" }]);
    if (answer?.case !== "listServicesResponse") throw new Error("no list");
    expect(answer.value.service.map((it) => it.name).sort()).toEqual([
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      "shop.cart.v1.CartService",
      "shop.mesh.v1.WorkloadService",
      "shop.order.v1.OrderService",
    ]);
  });

  it("gives the file of whatever it knows, with all that the file needs, so that a tool understands it", async () => {
    const questions: [Question, string][] = [
      [{ case: "fileByFilename", value: orderFile }, orderFile],
      [{ case: "fileContainingSymbol", value: "shop.order.v1.OrderService" }, orderFile],
      [{ case: "fileContainingSymbol", value: "shop.order.v1.OrderService.PlaceOrder" }, orderFile],
      [{ case: "fileContainingSymbol", value: "shop.order.v1.PlaceOrderRequest" }, orderFile],
      [{ case: "fileContainingSymbol", value: "shop.order.v1.Order.status" }, "shop/order/v1/order.proto"],
      [{ case: "fileContainingSymbol", value: "shop.type.v1.Money" }, "shop/type/v1/money.proto"],
      [{ case: "fileContainingSymbol", value: "shop.mesh.v1.policy" }, "shop/mesh/v1/policy.proto"],
      [{ case: "fileContainingSymbol", value: "google.rpc.ErrorInfo" }, "google/rpc/error_details.proto"],
      [{ case: "fileContainingSymbol", value: "grpc.health.v1.Health" }, "grpc/health/v1/health.proto"],
      [
        {
          case: "fileContainingExtension",
          value: { containingType: "google.protobuf.MethodOptions", extensionNumber: 50100 },
        },
        "shop/mesh/v1/policy.proto",
      ],
    ];
    const answers = await ask(
      version,
      questions.map(([question]) => question),
    );
    for (const [index, [question, file]] of questions.entries()) {
      const files = filesOf(answers[index]);
      const names = files.map((it) => it.name);
      // Some clients take the first for the answer.
      expect(names[0], JSON.stringify(question)).toBe(file);
      for (const it of files) expect(names, `what ${it.name} imports`).toEqual(expect.arrayContaining(it.dependency));
      // Together they make sense.
      const set = create(FileDescriptorSetSchema, { file: files.toReversed() });
      const registry = createFileRegistry(set);
      if (question.case === "fileContainingSymbol" && question.value.endsWith("OrderService"))
        expect(registry.getService(question.value)?.methods.length).toBe(OrderService.methods.length);
    }
  });

  it("says what it does not know, and goes on", async () => {
    const unknown: Question[] = [
      { case: "fileByFilename", value: "nowhere.proto" },
      { case: "fileContainingSymbol", value: "no.such.Symbol" },
      { case: "fileContainingSymbol", value: "" },
      {
        case: "fileContainingExtension",
        value: { containingType: "google.protobuf.MethodOptions", extensionNumber: 1 },
      },
      { case: "fileContainingExtension", value: { containingType: "no.such.Message", extensionNumber: 1 } },
    ];
    const answers = await ask(version, [
      ...unknown,
      { case: "allExtensionNumbersOfType", value: "google.protobuf.MethodOptions" },
    ]);
    for (const answer of answers.slice(0, -1))
      expect(answer).toMatchObject({ case: "errorResponse", value: { errorCode: 5 } });
    expect(answers.at(-1)).toMatchObject({ value: { extensionNumber: expect.arrayContaining([50100]) } });
  });
});

it("a request that cannot be read is the client's fault", async () => {
  const session = http2.connect(mesh.url("order"));
  const stream = session.request({
    ":method": "POST",
    ":path": `/${V1.typeName}/${V1.method.serverReflectionInfo.name}`,
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.end(encodeEnvelope(0, Buffer.of(0xff))).resume();
  // Where nothing has been sent before, the status may come with the header.
  const heads: http2.IncomingHttpHeaders[] = [];
  stream.on("response", (it) => heads.push(it)).on("trailers", (it) => heads.push(it));
  await once(stream, "close");
  session.close();
  const error = findTrailerError(toHeaders(heads.find((it) => "grpc-status" in it) ?? {}));
  expect([error?.code, reasonOf(error)]).toEqual([Code.InvalidArgument, "INVALID_INPUT"]);
});

it("is not there where it is switched off, and nothing else is missing", async () => {
  const options = { env: { ENABLE_REFLECTION: "false" }, postgresUrl: "postgres://nobody" };
  const closed = await startTestMesh({ order: main }, options);
  for (const version of [V1, V1Alpha]) {
    const client = closed.client(version as typeof V1, { workload: "order" });
    const asked = (async () => {
      for await (const _ of client.serverReflectionInfo((async function* () {})())) throw new Error("It answered");
    })();
    await expect(asked).rejects.toMatchObject({ code: Code.Unimplemented });
  }
  const health = closed.client(Health, { workload: "order" });
  expect((await health.check({ service: OrderService.typeName })).status).toBe(Status.SERVING);
  await closed.close();
});
