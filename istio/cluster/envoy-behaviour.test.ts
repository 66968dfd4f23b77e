import http from "node:http";
import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { currentCall } from "#kit/call.ts";
import { ATTEMPTS_MAX } from "#kit/client/retry.ts";
import type { Deployment } from "#kit/deployment.ts";
import { spiffeIdOf } from "#kit/identity/spiffe.ts";
import { reasonOf } from "#kit/testing/call.ts";
import { contractOf, type EchoService } from "#kit/testing/contract.ts";
import { eventually } from "#kit/testing/eventually.ts";
import { fakeMain } from "#kit/testing/fake.ts";
import { REALM, startTlsMesh } from "../../services/kit/tls/testing/tls-mesh.ts";
import { ENVELOPE_BYTES, PEOPLE_PER_ADDRESS } from "../emit/edge/limits.ts";
import { envoyConfig } from "../emit/envoy/config.ts";
import { findEnvoy, REQUIRE_ENVOY } from "../envoy-binary.ts";
import { meshOf } from "../model.ts";
import { startEnvoy, type TestEnvoy } from "../testing/envoy.ts";
import { type StandIn, type StandInHandler, startStandIn } from "../testing/stand-in.ts";

const REQUEST_MAX_BYTES = 2_000;
const LIMIT = 3;
const ADDRESS_LIMIT = LIMIT * PEOPLE_PER_ADDRESS;
const TIMEOUT_MS = 400;

const base = { callers: ["edge"], user: User.ANY };
const policy = { ...base, timeout: { seconds: 20n } };
const contract = contractOf(
  [
    { name: "Say", policy: { ...policy, requestMaxBytes: REQUEST_MAX_BYTES } },
    { name: "Look", policy, idempotency: Idempotency.NO_SIDE_EFFECTS },
    { name: "Hurry", policy: { ...base, timeout: { nanos: TIMEOUT_MS * 1_000_000 } } },
    { name: "Limited", policy: { ...policy, rateLimit: { requests: LIMIT, period: { seconds: 3_600n } } } },
    { name: "Watch", policy: base, streams: true },
  ],
  "shop.product.v1",
) as EchoService;
const deployment: Deployment = { store: "none", size: { cpuMillis: 10, memoryMiB: 64, memoryMaxMiB: 128 } };
const mesh = meshOf([contract], { product: deployment });
const pathOf = (method: { readonly name: string }) => `/${contract.typeName}/${method.name}`;

const PROTOCOLS = {
  Connect: (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  "gRPC-Web": (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  gRPC: (baseUrl: string) => createGrpcTransport({ baseUrl }),
} as const;

/** How a call ends: its code and reason. */
const failing = (transport: Transport, method: "say" | "look" | "hurry" | "limited", text = "") =>
  createClient(contract, transport)
    [method]({ value: text })
    .then(
      () => "OK",
      (error: unknown) => `${Code[ConnectError.from(error).code]} ${reasonOf(error)}`,
    );

const binary = findEnvoy();
describe.skipIf(binary === undefined && !REQUIRE_ENVOY)("the edge as a real Envoy", () => {
  let answer: StandInHandler;
  let service: StandIn;
  let envoy: TestEnvoy;
  let baseUrl: string;
  beforeAll(async () => {
    service = await startStandIn((request, response) => answer(request, response));
    const options = {
      addressesOf: () => [service.address],
      host: "127.0.0.1",
      httpPort: 0,
      proof: "%ENVIRONMENT(EDGE_PROOF)%",
      origins: ["https://app.example"],
    };
    envoy = await startEnvoy(binary ?? "envoy", envoyConfig(mesh, options), { EDGE_PROOF: "edge.proof" });
    baseUrl = `http://127.0.0.1:${envoy.port("http")}`;
  });
  afterAll(async () => {
    await envoy?.close();
    await service?.close();
  });
  afterEach(() => {
    answer = () => {};
  });

  const arrived = (path: string) => service.seen.filter((it) => it.path === path);
  const post = (path: string, headers: Record<string, string> = {}, options: http.RequestOptions = {}) =>
    new Promise<http.IncomingMessage>((resolve, reject) => {
      const all = { "content-type": "application/json", ...headers };
      const request = http.request(`${baseUrl}${path}`, { method: "POST", headers: all, ...options }, resolve);
      request.on("error", reject);
      request.end("{}");
    });

  it("lets nothing through that a client says about workloads or addresses, and shows itself", async () => {
    answer = (_, response) => response.end('"seen"');
    const path = pathOf(contract.method.say);
    await post(path, {
      "shop-workload": "order.forged",
      "x-forwarded-for": "6.6.6.6",
      "x-forwarded-client-cert": "URI=spiffe://cluster.local/ns/shopmesh/sa/order",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      "x-envoy-max-retries": "9",
      "x-envoy-upstream-rq-timeout-ms": "1",
      "x-request-id": "chosen",
    });
    const { headers } = arrived(path).at(-1) ?? {};
    expect(headers).toMatchObject({
      "shop-workload": "edge.proof",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    for (const name of ["x-forwarded-client-cert", "x-forwarded-host", "x-envoy-max-retries"])
      expect(headers?.[name], name).toBeUndefined();
  });

  it("hands the bytes of every protocol on as they are", async () => {
    const types: unknown[] = [];
    answer = (request, response) => {
      types.push(request.headers["content-type"]);
      response.writeHead(404).end();
    };
    for (const create of Object.values(PROTOCOLS)) await failing(create(baseUrl), "say");
    expect(types).toEqual(["application/proto", "application/grpc-web+proto", "application/grpc+proto"]);
  });

  describe.each(Object.entries(PROTOCOLS))("says in %s what a service would say", (_, create) => {
    it("of a request that is too large", async () => {
      const before = service.seen.length;
      expect(await failing(create(baseUrl), "say", "x".repeat(REQUEST_MAX_BYTES + ENVELOPE_BYTES))).toBe(
        "ResourceExhausted MESSAGE_TOO_LARGE",
      );
      expect(service.seen.length).toBe(before);
    });

    it("of a call that was not answered in time", async () => {
      expect(await failing(create(baseUrl), "hurry")).toBe("DeadlineExceeded DEADLINE_EXCEEDED");
    });

    it("of a service whose connection breaks", async () => {
      answer = (request) => request.stream.session?.destroy();
      expect(await failing(create(baseUrl), "say")).toBe("Unavailable DEPENDENCY_UNAVAILABLE");
    });
  });

  it("tries again what the contract lets it, and nothing else", async () => {
    answer = (_, response) => response.writeHead(503).end();
    for (const [method, times] of [
      ["say", 1],
      ["look", ATTEMPTS_MAX],
    ] as const) {
      const path = pathOf(contract.method[method]);
      const before = arrived(path).length;
      expect(await failing(PROTOCOLS.Connect(baseUrl), method)).toMatch(/^Unavailable/);
      expect(arrived(path).length - before, method).toBe(times);
    }
  });

  it("takes a flood from one address off the services, whatever it says where it comes from, and from no other", async () => {
    answer = (_, response) => response.writeHead(200, { "content-type": "application/json" }).end('""');
    const path = pathOf(contract.method.limited);
    const statuses: (number | undefined)[] = [];
    for (let call = 0; call < ADDRESS_LIMIT + 5; call += 1) {
      const response = await post(`${path}?n=${call}`, { "x-forwarded-for": `10.0.0.${call}` });
      statuses.push(response.resume().statusCode);
    }
    expect(statuses).toEqual([...Array(ADDRESS_LIMIT).fill(200), ...Array(5).fill(429)]);
    for (const create of Object.values(PROTOCOLS))
      expect(await failing(create(baseUrl), "limited")).toBe("ResourceExhausted RATE_LIMITED");
    const refused = await post(path);
    expect(Number(refused.resume().headers["retry-after"])).toBeGreaterThan(0);
    const other = await post(path, {}, { localAddress: "127.0.0.2" });
    expect(other.resume().statusCode).toBe(200);
  });

  it("answers a page of an origin that may call, and no other", async () => {
    const ask = (origin: string) =>
      fetch(`${baseUrl}${pathOf(contract.method.say)}`, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "connect-protocol-version,authorization",
        },
      });
    answer = (_, response) => response.writeHead(405).end();
    const allowed = await ask("https://app.example");
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(allowed.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("connect-protocol-version");
    const other = await ask("https://evil.example");
    expect(other.headers.get("access-control-allow-origin")).toBeNull();
  });

  it.each([`/${contract.typeName}/Unknown`, "/shop.order.v1.OrderService/PlaceOrder", "/grpc.health.v1.Health/Check"])(
    "does not know %s",
    async (path) => {
      const before = service.seen.length;
      const response = await post(path);
      expect(response.resume().statusCode).toBe(404);
      expect(response.headers["content-security-policy"]).toBeDefined();
      expect(service.seen.length).toBe(before);
    },
  );
});

describe.skipIf(binary === undefined && !REQUIRE_ENVOY)("a stream through the edge", () => {
  it("lives on through more silence than any other answer may keep, and ends when its client leaves", async () => {
    const SILENCE_MS = 1_000;
    let left = false;
    const service = await startStandIn((request, response) => {
      request.resume();
      request.stream.on("close", () => (left = true));
      const message = Buffer.from([0, 0, 0, 0, 2, 0x22, 0x22]);
      response.writeHead(200, { "content-type": "application/connect+json" });
      response.write(message);
      setTimeout(() => response.write(message), SILENCE_MS * 2);
    });
    const options = { addressesOf: () => [service.address], host: "127.0.0.1", httpPort: 0, origins: [] };
    const text = JSON.stringify(envoyConfig(mesh, options));
    const short = text.replace(/"stream_idle_timeout":"[^"]*"/, `"stream_idle_timeout":"${SILENCE_MS / 1_000}s"`);
    expect(short).not.toBe(text);
    const envoy = await startEnvoy(binary ?? "envoy", JSON.parse(short) as object);
    try {
      const transport = createConnectTransport({
        baseUrl: `http://127.0.0.1:${envoy.port("http")}`,
        httpVersion: "1.1",
        useBinaryFormat: false,
      });
      const messages: string[] = [];
      const leave = new AbortController();
      for await (const message of createClient(contract, transport).watch({}, { signal: leave.signal })) {
        messages.push(message.value);
        if (messages.length === 2) break;
      }
      leave.abort();
      expect(messages).toHaveLength(2);
      await eventually(() => expect(left).toBe(true));
    } finally {
      await envoy.close();
      await service.close();
    }
  });
});

describe.skipIf(binary === undefined && !REQUIRE_ENVOY)(
  "the edge where workloads know each other by certificates",
  () => {
    it("shows its own, and calls nobody who shows another's", async () => {
      const workloads = await startTlsMesh(["edge", "product", "order"]);
      const seen: unknown[] = [];
      const say = () => {
        seen.push(currentCall()?.caller);
        return { value: "" };
      };
      await workloads.start("product", fakeMain(contract, { say, look: say }));
      const options = (callee: string) => ({
        addressesOf: () => [{ host: "127.0.0.1", port: workloads.port("product") }],
        host: "127.0.0.1",
        httpPort: 0,
        workloadTls: { files: workloads.filesOf("edge"), idOf: () => spiffeIdOf(callee, REALM) },
        origins: [],
      });
      const envoys = await Promise.all(
        ["product", "order"].map((it) => startEnvoy(binary ?? "envoy", envoyConfig(mesh, options(it)))),
      );
      try {
        const says = envoys.map((it) => failing(PROTOCOLS.Connect(`http://127.0.0.1:${it.port("http")}`), "say"));
        expect(await Promise.all(says)).toEqual(["OK", "Unavailable DEPENDENCY_UNAVAILABLE"]);
        expect(seen).toEqual(["edge"]);
      } finally {
        for (const it of envoys) await it.close();
        await workloads.close();
      }
    });
  },
);
