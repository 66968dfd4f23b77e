// The client under test: makes the calls that the suite asks for over our transport, several at a time.
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { createClient } from "@connectrpc/connect";
import { createServiceTransport, type ServiceTransport } from "../client/transport.ts";
import { SuiteCall } from "./calls.ts";
import { contractOfArguments } from "./contract.ts";
import { readFrames, writeFrame } from "./framing.ts";
import type { ClientCompatRequest, ClientCompatResponse } from "./messages.ts";

const PARALLEL_MAX = 16;
// As the suite numbers compressions.
const ENCODINGS = { 2: "gzip", 3: "br" } as const;

type Result = NonNullable<Extract<MessageInitShape<GenMessage<ClientCompatResponse>>, { result?: unknown }>["result"]>;

const contract = contractOfArguments();
const transports = new Map<string, ServiceTransport>();

/** One transport for all calls alike, as a service keeps one. */
function transportFor({ host, port, compression, messageReceiveLimit }: ClientCompatRequest): ServiceTransport {
  const key = [host, port, compression, messageReceiveLimit].join();
  const known = transports.get(key);
  if (known !== undefined) return known;
  const transport = createServiceTransport({
    baseUrls: `http://${host}:${port}`,
    sendEncoding: ENCODINGS[compression as keyof typeof ENCODINGS],
    compressMinBytes: 0,
    ...(messageReceiveLimit > 0 && { maxBytes: messageReceiveLimit }),
  });
  transports.set(key, transport);
  return transport;
}

async function resultOf(request: ClientCompatRequest): Promise<Result> {
  const method = contract.service.methods.find((it) => it.name === request.method);
  if (method === undefined) return { case: "error", value: { message: `There is no method ${request.method}.` } };
  const client = createClient(contract.service, transportFor(request));
  const call = client[method.localName as keyof typeof client] as Parameters<SuiteCall["make"]>[0];
  return { case: "response", value: await new SuiteCall(method, request).make(call) };
}

async function answer(frame: Uint8Array): Promise<void> {
  const request = fromBinary(contract.clientRequest, frame);
  const result = await resultOf(request);
  const response = create(contract.clientResponse, { testName: request.testName, result });
  writeFrame(process.stdout, toBinary(contract.clientResponse, response));
}

const running = new Set<Promise<void>>();
for await (const frame of readFrames(process.stdin)) {
  const call = answer(frame).finally(() => running.delete(call));
  running.add(call);
  if (running.size >= PARALLEL_MAX) await Promise.race(running);
}
await Promise.all(running);
for (const transport of transports.values()) transport.close();
