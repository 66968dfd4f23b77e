import { once } from "node:events";
import { createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { durationFromMs, type StringValue, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type ServiceImpl } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { eventually } from "../testing/eventually.ts";
import { TextService } from "./testing/echo.ts";
import { createServiceTransport, type ServiceTransport } from "./transport.ts";

const LARGE = "x".repeat(300_000);
const BYTES = Buffer.from([0, 1, 2, 250]);
const retryInfo = () => create(RetryInfoSchema, { retryDelay: durationFromMs(1_500) });
const refusal = () =>
  new ConnectError("out of stöck", Code.FailedPrecondition, { "x-why": "because" }, [
    { desc: RetryInfoSchema, value: retryInfo() },
  ]);

interface Peer {
  readonly url: string;
  close(): Promise<void>;
}

const onCancel = vi.fn();
const onRequest = vi.fn();

/** What both servers do, in Connect's words. */
const handlers: Partial<ServiceImpl<typeof TextService>> = {
  act(request, context) {
    const { requestHeader: header } = context;
    onRequest(header.get("x-text"), header.get("x-bytes-bin"), context.timeoutMs() !== undefined);
    context.responseHeader.set("x-answer", "header");
    context.responseTrailer.set("x-bytes-bin", BYTES.toString("base64"));
    return request;
  },
  look() {
    throw refusal();
  },
  put: (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        onCancel();
        reject(signal.reason);
      });
    }),
  async *watch(request) {
    for (let at = 0; at < 3; at++) yield create(StringValueSchema, { value: `${request.value} ${at}` });
  },
};

async function startConnectNode(): Promise<Peer> {
  const server: Http2Server = createServer(
    connectNodeAdapter({ routes: (router) => void router.service(TextService, handlers), compressMinBytes: 100 }),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

type GrpcCall = grpc.ServerUnaryCall<StringValue, StringValue>;

const grpcHandlers: grpc.UntypedServiceImplementation = {
  act(call: GrpcCall, answer: grpc.sendUnaryData<StringValue>) {
    const bytes = call.metadata.get("x-bytes-bin")[0] as Buffer | undefined;
    const hasDeadline = Number.isFinite(Number(call.getDeadline()));
    onRequest(call.metadata.get("x-text").join(", "), bytes?.toString("base64"), hasDeadline);
    const header = new grpc.Metadata();
    header.set("x-answer", "header");
    call.sendMetadata(header);
    const trailer = new grpc.Metadata();
    trailer.set("x-bytes-bin", BYTES);
    answer(null, call.request, trailer);
  },
  look(_: GrpcCall, answer: grpc.sendUnaryData<StringValue>) {
    const metadata = new grpc.Metadata();
    metadata.set("x-why", "because");
    const details = setTrailerStatus(new Headers(), refusal()).get("grpc-status-details-bin");
    metadata.set("grpc-status-details-bin", Buffer.from(details ?? "", "base64"));
    answer({ code: grpc.status.FAILED_PRECONDITION, details: "out of stöck", metadata });
  },
  put(call: GrpcCall) {
    call.on("cancelled", onCancel);
  },
  watch(call: grpc.ServerWritableStream<StringValue, StringValue>) {
    for (let at = 0; at < 3; at++) call.write(create(StringValueSchema, { value: `${call.request.value} ${at}` }));
    call.end();
  },
};

async function startGrpcJs(): Promise<Peer> {
  const server = new grpc.Server({ "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip });
  const serialize = (it: StringValue) => Buffer.from(toBinary(StringValueSchema, it));
  const deserialize = (it: Buffer) => fromBinary(StringValueSchema, it);
  const definition = TextService.methods.map((it) => [
    it.localName,
    {
      path: `/${TextService.typeName}/${it.name}`,
      requestStream: false,
      responseStream: it.methodKind === "server_streaming",
      requestSerialize: serialize,
      requestDeserialize: deserialize,
      responseSerialize: serialize,
      responseDeserialize: deserialize,
    },
  ]);
  server.addService(Object.fromEntries(definition) as grpc.ServiceDefinition, grpcHandlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, it) =>
      error === null ? resolve(it) : reject(error),
    );
  });
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
  };
}

describe.each([
  ["grpc-js", startGrpcJs],
  ["connect-node", startConnectNode],
])("a server of %s", (name, start) => {
  let peer: Peer;
  let transport: ServiceTransport;
  const client = () => createClient(TextService, transport);
  beforeEach(async () => {
    vi.clearAllMocks();
    peer = await start();
    transport = createServiceTransport({ baseUrls: peer.url });
  });
  afterEach(async () => {
    transport.close();
    await peer.close();
  });

  it.each([["short"], [LARGE], [""]])("answers with the value it was sent", async (value) => {
    expect((await client().act({ value })).value).toBe(value);
  });

  it.each(["gzip", "br"] as const)("reads requests compressed with %s, if it can", async (sendEncoding) => {
    const zipped = createServiceTransport({ baseUrls: peer.url, sendEncoding });
    const answer = createClient(TextService, zipped).act({ value: LARGE });
    if (name === "grpc-js" && sendEncoding === "br")
      await expect(answer).rejects.toMatchObject({ code: Code.Unimplemented });
    else expect((await answer).value).toBe(LARGE);
    zipped.close();
  });

  it("gets metadata and deadline, and gives metadata back", async () => {
    const headers = { "x-text": "text", "x-bytes-bin": BYTES.toString("base64") };
    const seen: (string | null)[] = [];
    await client().act(
      { value: "" },
      {
        headers,
        timeoutMs: 5_000,
        onHeader: (it) => void seen.push(it.get("x-answer")),
        onTrailer: (it) => void seen.push(it.get("x-bytes-bin")),
      },
    );
    expect(onRequest).toHaveBeenCalledWith("text", BYTES.toString("base64"), true);
    expect(seen[0]).toBe("header");
    expect(Buffer.from(seen[1] ?? "", "base64")).toEqual(BYTES);
  });

  it("refuses with a status, metadata and details", async () => {
    const error = await client()
      .look({})
      .catch((it: unknown) => ConnectError.from(it));
    if (!(error instanceof ConnectError)) return expect.unreachable("the call should have failed");
    expect([error.code, error.rawMessage]).toEqual([Code.FailedPrecondition, "out of stöck"]);
    expect(error.metadata.get("x-why")).toBe("because");
    expect(error.findDetails(RetryInfoSchema)).toEqual([retryInfo()]);
  });

  it("learns of a call that was cancelled, or whose time is over", async () => {
    const leave = new AbortController();
    const cancelled = client().put({}, { signal: leave.signal });
    const expired = client().put({}, { timeoutMs: 100 });
    setTimeout(() => leave.abort(), 50);
    await expect(cancelled).rejects.toMatchObject({ code: Code.Canceled });
    await expect(expired).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    await eventually(() => expect(onCancel.mock.calls.length).toBeGreaterThanOrEqual(2));
  });

  it("streams", async () => {
    const values: string[] = [];
    for await (const it of client().watch({ value: "now" })) values.push(it.value);
    expect(values).toEqual(["now 0", "now 1", "now 2"]);
  });
});
