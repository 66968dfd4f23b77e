import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as web from "@connectrpc/connect-web";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { createServiceTransport } from "./client/transport.ts";
import { callFailure } from "./failure.ts";
import { echoContract, LIMITED_REQUESTS } from "./testing/contract.ts";
import { fakeMain } from "./testing/fake.ts";
import { startTestMesh, type TestMesh } from "./testing/mesh.ts";

const Echo = echoContract();
const { say, watch } = Echo.method;

function answer(value: string): string {
  if (value === "refuse") throw callFailure(ErrorReason.USER_NOT_ALLOWED, "Not for you: ñ, 字.", { retryAfterMs: 5 });
  if (value === "break") throw new Error("nobody may know");
  return `${value}!`;
}

const main = fakeMain(Echo, {
  say: ({ value }) => ({ value: answer(value) }),
  limited: ({ value }) => ({ value: answer(value) }),
  async *watch({ value }) {
    yield { value: "one" };
    yield { value: "two" };
    yield { value: answer(value) };
  },
});

let mesh: TestMesh;
let baseUrl: string;
let grpcClient: grpc.Client;
beforeAll(async () => {
  mesh = await startTestMesh({ product: main }, { postgresUrl: "postgres://nobody" });
  baseUrl = mesh.url("product");
  grpcClient = new grpc.Client(new URL(baseUrl).host, grpc.credentials.createInsecure());
});
afterAll(async () => {
  grpcClient.close();
  await mesh.close();
});

/** How a call ended, in terms that all protocols have. */
type End = { value: string } | { code: string; reason: string | undefined; message: string };
type Way = (value: string) => Promise<End>;

function failed(error: unknown): End {
  const it = ConnectError.from(error);
  const [info] = it.findDetails(ErrorInfoSchema);
  return { code: Code[it.code] ?? "", reason: info?.reason, message: it.rawMessage };
}

const byTransport =
  (create: () => Transport): Way =>
  async (value) => {
    try {
      return { value: (await createClient(Echo, create()).say({ value })).value };
    } catch (error) {
      return failed(error);
    }
  };

const path = `/${Echo.typeName}/Say`;
const serialize = (value: string) =>
  Buffer.from(toBinary(StringValueSchema, { $typeName: "google.protobuf.StringValue", value }));
const deserialize = (bytes: Buffer) => fromBinary(StringValueSchema, bytes).value;

/** The error of a grpc-js call, its details included. */
function grpcFailed(error: grpc.ServiceError): End {
  const header = new Headers({ "grpc-status": `${error.code}`, "grpc-message": encodeURIComponent(error.details) });
  const [details] = error.metadata.get("grpc-status-details-bin");
  if (details !== undefined) header.set("grpc-status-details-bin", Buffer.from(details).toString("base64"));
  return failed(findTrailerError(header));
}

const byGrpcJs: Way = (value) =>
  new Promise((resolve) => {
    grpcClient.makeUnaryRequest(path, serialize, deserialize, value, (error, value = "") =>
      resolve(error === null ? { value } : grpcFailed(error)),
    );
  });

interface ConnectJson {
  code: string;
  message: string;
  details: { type: string; value: string }[];
}

/** What Connect's protocol answers in JSON, read as a program without any library would. */
function readJson(status: number, text: string): End {
  if (status === 200) return { value: fromJson(StringValueSchema, JSON.parse(text)).value };
  const { code, message, details } = JSON.parse(text) as ConnectJson;
  const info = details.find((it) => it.type === "google.rpc.ErrorInfo");
  const { reason } = fromBinary(ErrorInfoSchema, Buffer.from(info?.value ?? "", "base64"));
  const name = Object.keys(Code).find((it) => it.toLowerCase() === code.replaceAll("_", ""));
  return { code: name ?? code, reason, message };
}

const json = (value: string) =>
  JSON.stringify(toJson(StringValueSchema, { $typeName: "google.protobuf.StringValue", value }));
const headers = { "content-type": "application/json" };

const byFetch: Way = async (value) => {
  const response = await fetch(`${baseUrl}${path}`, { method: "POST", headers, body: json(value) });
  return readJson(response.status, await response.text());
};

const byHttp2: Way = async (value) => {
  const session = http2.connect(baseUrl);
  try {
    const stream = session.request({ ":method": "POST", ":path": path, ...headers });
    stream.setEncoding("utf8").end(json(value));
    const [head] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    let text = "";
    for await (const chunk of stream) text += chunk;
    return readJson(Number(head[":status"]), text);
  } finally {
    session.close();
  }
};

const WAYS: Readonly<Record<string, Way>> = {
  "gRPC by grpc-js": byGrpcJs,
  "gRPC by connect-node": byTransport(() => createGrpcTransport({ baseUrl })),
  "gRPC, JSON": byTransport(() => createGrpcTransport({ baseUrl, useBinaryFormat: false })),
  "gRPC-Web over HTTP/1.1": byTransport(() => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })),
  "gRPC-Web over HTTP/2": byTransport(() => createGrpcWebTransport({ baseUrl, httpVersion: "2" })),
  "Connect over HTTP/1.1": byTransport(() => createConnectTransport({ baseUrl, httpVersion: "1.1" })),
  "Connect over HTTP/2": byTransport(() => createConnectTransport({ baseUrl, httpVersion: "2" })),
  "Connect over HTTP/2, JSON": byTransport(() =>
    createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: false }),
  ),
  "gRPC by our own clients": byTransport(() => createServiceTransport({ baseUrls: baseUrl })),
  "Connect by connect-web": byTransport(() => web.createConnectTransport({ baseUrl })),
  "Connect by connect-web, binary": byTransport(() => web.createConnectTransport({ baseUrl, useBinaryFormat: true })),
  "gRPC-Web by connect-web": byTransport(() => web.createGrpcWebTransport({ baseUrl })),
  "JSON by fetch": byFetch,
  "JSON by node:http2": byHttp2,
};

describe.each(Object.entries(WAYS))("one port serves %s", (_, call) => {
  it("with the same answers", async () => {
    for (const value of ["hello", "", "ñ 字 🛒", "x".repeat(100_000)])
      expect(await call(value)).toEqual({ value: `${value}!` });
  });

  it("with the same failures", async () => {
    expect(await call("refuse")).toEqual({
      code: "PermissionDenied",
      reason: "USER_NOT_ALLOWED",
      message: "Not for you: ñ, 字.",
    });
    const broken = await call("break");
    expect(broken).toMatchObject({ code: "Internal", reason: "INTERNAL" });
    expect(JSON.stringify(broken)).not.toContain("nobody may know");
  });
});

describe("a server stream", () => {
  const ways: Readonly<Record<string, () => Transport>> = {
    gRPC: () => createGrpcTransport({ baseUrl }),
    "gRPC-Web over HTTP/1.1": () => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
    "Connect over HTTP/1.1": () => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
    "Connect over HTTP/2": () => createConnectTransport({ baseUrl, httpVersion: "2" }),
  };
  it.each(Object.entries(ways))("by %s: its messages, then its end or its failure", async (_, create) => {
    for (const [value, last] of [
      ["three", ["three!", "end"]],
      ["refuse", ["USER_NOT_ALLOWED"]],
    ] as const) {
      const got: (string | undefined)[] = [];
      try {
        for await (const it of createClient(Echo, create()).watch({ value })) got.push(it.value);
        got.push("end");
      } catch (error) {
        got.push((failed(error) as { reason?: string }).reason);
      }
      expect(got).toEqual(["one", "two", ...last]);
    }
  });

  it("by grpc-js", async () => {
    const got: string[] = [];
    const stream = grpcClient.makeServerStreamRequest(
      `/${Echo.typeName}/${watch.name}`,
      serialize,
      deserialize,
      "refuse",
    );
    stream.on("data", (it: string) => got.push(it));
    const [error] = await once(stream, "error");
    expect([got, grpcFailed(error)]).toMatchObject([["one", "two"], { reason: "USER_NOT_ALLOWED" }]);
  });
});

describe("what is no call", () => {
  const streamPath = `/${Echo.typeName}/Watch`;
  const post = (path: string, body: BodyInit, type = "application/json") =>
    fetch(`${baseUrl}${path}`, { method: "POST", headers: { "content-type": type }, body });
  it.each([
    ["a path nobody knows", () => post("/nothing/here", "{}"), 404],
    ["an RPC that the service lacks", () => post(`/${Echo.typeName}/Nothing`, "{}"), 404],
    ["an RPC of a service that is not here", () => post("/shop.order.v1.OrderService/GetOrder", "{}"), 404],
    ["a content type nobody speaks", () => post(path, "x=1", "application/x-www-form-urlencoded"), 415],
    ["a GET of what changes things", () => fetch(`${baseUrl}${path}`), 405],
    ["JSON cut short", () => post(path, '"hel'), 400],
    ["JSON of another shape", () => post(path, '{"value": "x"}'), 400],
    ["a message beyond the limit", () => post(path, JSON.stringify("x".repeat(1024 * 1024 + 1))), 429],
  ])("%s is refused", async (_, request, status) => {
    const response = await request();
    await response.arrayBuffer();
    expect(response.status).toBe(status);
  });

  it.each([
    ["no host", `POST ${streamPath} HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\n"a"`],
    ["a host that is none", `POST ${streamPath} HTTP/1.1\r\nhost: ^[\r\ncontent-length: 3\r\n\r\n"a"`],
    ["a path that is none", `POST //[${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n"a"`],
  ])("a request for a stream with %s is refused, and the service lives on", async (_, request) => {
    const { hostname, port } = new URL(baseUrl);
    const socket = net.connect(Number(port), hostname).setEncoding("latin1");
    let heard = "";
    socket.on("data", (chunk) => (heard += chunk));
    socket.write(request);
    await vi.waitFor(() => expect(heard).toMatch(/^HTTP\/1\.1 4\d\d /), 5_000);
    socket.destroy();
    expect(await byFetch("still here")).toEqual({ value: "still here!" });
  });

  it("an HTTP/2 request for a stream at an authority that is none is refused as well", async () => {
    const session = http2.connect(baseUrl);
    const stream = session.request({ ":method": "POST", ":path": streamPath, ":authority": "a:b:c" });
    stream.end(json("hello"));
    const [head] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    expect(head[":status"]).toBe(400);
    session.destroy();
    expect(await byHttp2("still here")).toEqual({ value: "still here!" });
  });
});

describe("a rate limit", () => {
  it("goes by the socket's address, whatever the client says of itself", async () => {
    const ends: (string | undefined)[] = [];
    for (let at = 0; at <= LIMITED_REQUESTS; at++) {
      const lies = { "x-forwarded-for": `6.6.6.${at}`, "x-shop-peer": `7.7.7.${at}` };
      const options = { headers: lies };
      const client = createClient(Echo, createConnectTransport({ baseUrl, httpVersion: "1.1" }));
      ends.push(
        await client.limited({ value: "" }, options).then(
          () => "OK",
          (error: unknown) => (failed(error) as { reason?: string }).reason,
        ),
      );
    }
    expect(ends).toEqual([...Array<string>(LIMITED_REQUESTS).fill("OK"), "RATE_LIMITED"]);
  });
});

describe("metrics", () => {
  it("count calls by service, method, code and caller", async () => {
    await byGrpcJs("counted");
    await byFetch("refuse");
    const text = await (await fetch(`${baseUrl}/metrics`)).text();
    const labels = (code: string) =>
      `service="${Echo.typeName}",method="${say.name}",caller="edge",code="${code}",workload="product"`;
    for (const code of ["OK", "PermissionDenied"]) {
      const count = new RegExp(`^rpc_server_duration_seconds_count\\{${labels(code)}\\} (\\d+)$`, "m").exec(text)?.[1];
      expect(Number(count)).toBeGreaterThan(0);
      expect(text).toContain(`rpc_server_duration_seconds_bucket{le="+Inf",${labels(code)}} ${count}`);
    }
  });

  it("are not there where they are switched off", async () => {
    const env = { ENABLE_METRICS: "false" };
    const silent = await startTestMesh({ product: main }, { env, postgresUrl: "postgres://nobody" });
    expect((await fetch(`${silent.url("product")}/metrics`)).status).toBe(404);
    await silent.close();
  });
});
