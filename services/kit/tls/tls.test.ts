import { once } from "node:events";
import https from "node:https";
import { connect } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { currentCall } from "../call.ts";
import { spiffeIdOf } from "../identity/spiffe.ts";
import { reasonOf } from "../testing/call.ts";
import { createAuthority } from "../testing/certificates.ts";
import { type EchoService, echoContract } from "../testing/contract.ts";
import { fakeMain } from "../testing/fake.ts";
import { REALM, startTlsMesh, type TlsMesh } from "./testing/tls-mesh.ts";

/** The service that people reach, and the one behind it that it calls. */
const Front = echoContract("front.order.v1");
const Back = echoContract("back.product.v1");

const whoCalls = () => ({ value: `${currentCall()?.caller}` });
async function* whoWatches() {
  yield whoCalls();
  yield whoCalls();
}

let mesh: TlsMesh;
beforeAll(async () => {
  mesh = await startTlsMesh(["product", "order", "edge", "cart"]);
  await mesh.start("product", fakeMain(Back, { say: whoCalls, look: whoCalls, watch: whoWatches }));
  await mesh.start("order", async (kit) => {
    const back = kit.client(Back);
    await fakeMain(Front, { say: (it) => back.say(it), watch: (it) => back.watch(it) })(kit);
  });
});
afterAll(() => mesh.close());

async function endOf(work: Promise<unknown> | AsyncIterable<unknown>): Promise<unknown> {
  try {
    if (!(Symbol.asyncIterator in work)) return (await work) as { value: string };
    const all: unknown[] = [];
    for await (const it of work) all.push(it);
    return all;
  } catch (error) {
    return reasonOf(error) ?? Code[ConnectError.from(error).code];
  }
}

describe("services with TLS of their own", () => {
  it("know each other by their certificates, in calls and streams", async () => {
    const front = (await mesh.clientsOf("edge")).client(Front);
    expect(await front.say({ value: "" })).toMatchObject({ value: "order" });
    const seen: string[] = [];
    for await (const { value } of front.watch({ value: "" })) seen.push(value);
    expect(seen).toEqual(["order", "order"]);
  });

  it("do not speak to another workload than they mean, wherever that is", async () => {
    const elsewhere = await mesh.clientsOf("edge", () => mesh.shared.addresses.get("order") ?? "");
    expect(await endOf(elsewhere.client(Back).say({ value: "" }))).toBe("Unavailable");
    const order = await mesh.clientsOf("edge", () => mesh.shared.addresses.get("order") ?? "");
    expect(await endOf(order.client(Front).say({ value: "" }))).toMatchObject({ value: "order" });
  });
});

const TRANSPORTS: [string, (baseUrl: string, nodeOptions: ConnectionOptions) => Transport][] = [
  ["gRPC", (baseUrl, nodeOptions) => createGrpcTransport({ baseUrl, nodeOptions })],
  ...([["gRPC-Web", createGrpcWebTransport] as const, ["Connect", createConnectTransport] as const].flatMap(
    ([name, create]) =>
      (["1.1", "2"] as const).map((httpVersion): (typeof TRANSPORTS)[number] => [
        `${name} over HTTP/${httpVersion}`,
        (baseUrl, nodeOptions) => create({ baseUrl, httpVersion, nodeOptions } as never),
      ]),
  ) as (typeof TRANSPORTS)[number][]),
];

describe.each(TRANSPORTS)("by %s", (_, createTransport) => {
  async function clientOf(id: string | undefined): Promise<Client<EchoService>> {
    const options = await mesh.stranger(id === undefined ? undefined : { uris: [id] });
    return createClient(Back, createTransport(`https://127.0.0.1:${mesh.port("product")}`, options));
  }

  it.each([
    ["order", spiffeIdOf("order", REALM), { value: "order" }, [{ value: "order" }, { value: "order" }]],
    [
      "a workload that the contract does not name",
      spiffeIdOf("cart", REALM),
      "CALLER_NOT_ALLOWED",
      "CALLER_NOT_ALLOWED",
    ],
    [
      "a name of another namespace",
      "spiffe://cluster.local/ns/other/sa/order",
      "CALLER_NOT_ALLOWED",
      "CALLER_NOT_ALLOWED",
    ],
    ["nobody", undefined, "CALLER_NOT_ALLOWED", "CALLER_NOT_ALLOWED"],
  ])("the caller is who its certificate says: %s", async (_, id, answer, answers) => {
    const client = await clientOf(id);
    const match = (it: unknown) => (typeof it === "string" ? it : expect.objectContaining(it as object));
    expect(await endOf(client.say({ value: "" }))).toEqual(match(answer));
    const expected = Array.isArray(answers) ? answers.map(match) : answers;
    expect(await endOf(client.watch({ value: "" }))).toEqual(expected);
  });

  it("headers that say who calls elsewhere say nothing", async () => {
    const client = await clientOf(spiffeIdOf("cart", REALM));
    const headers = { "x-forwarded-client-cert": `URI=${spiffeIdOf("order", REALM)}`, "shop-workload": "order.x" };
    expect(await endOf(client.say({ value: "" }, { headers }))).toBe("CALLER_NOT_ALLOWED");
  });

  it("who shows no certificate may ask for its health", async () => {
    const options = await mesh.stranger(undefined);
    const health = createClient(Health, createTransport(`https://127.0.0.1:${mesh.port("product")}`, options));
    expect(await endOf(health.check({}))).toMatchObject({ status: 1 });
  });
});

/** The status of a request by plain HTTP; what went wrong, if no answer came. */
async function statusOf(path: string, options: ConnectionOptions): Promise<number | string | undefined> {
  const request = https.request({ port: mesh.port("product"), path, agent: false, ...options } as https.RequestOptions);
  request.end();
  try {
    const [response] = await once(request, "response");
    response.resume();
    return response.statusCode;
  } catch {
    return "no answer";
  }
}

describe("plain HTTP", () => {
  it.each([
    ["/health", 200, 200],
    ["/ready", 200, 200],
    ["/metrics", 403, 200],
    ["/anything", 403, 404],
  ])("%s answers %s to who shows no certificate, and %s to who does", async (path, anonymous, known) => {
    expect(await statusOf(path, await mesh.stranger(undefined))).toBe(anonymous);
    const prometheus = { uris: ["spiffe://cluster.local/ns/monitoring/sa/prometheus"] };
    expect(await statusOf(path, await mesh.stranger(prometheus))).toBe(known);
  });
});

describe("the port", () => {
  const refused = async (options: ConnectionOptions) => {
    expect(await statusOf("/health", options)).toBe("no answer");
  };

  it("refuses certificates that nobody it believes vouches for, and those whose time is over", async () => {
    const subject = { uris: [spiffeIdOf("order", REALM)] };
    await refused(await mesh.stranger(subject, await createAuthority()));
    await refused(await mesh.stranger({ ...subject, notAfter: new Date(Date.now() - 1_000) }));
    expect(await statusOf("/health", await mesh.stranger(subject))).toBe(200);
  });

  it.each([
    ["TLSv1.1", undefined],
    ["TLSv1.2", "TLSv1.2"],
    ["TLSv1.3", "TLSv1.3"],
  ] as const)("speaks %s: %s", async (version, spoken) => {
    const options = { ...(await mesh.stranger(undefined)), minVersion: version, maxVersion: version };
    const socket = connectTls({ ...options, port: mesh.port("product"), ciphers: "DEFAULT@SECLEVEL=0" });
    const end = await once(socket, "secureConnect").then(
      () => socket.getProtocol() ?? undefined,
      () => undefined,
    );
    socket.destroy();
    expect(end).toBe(spoken);
  });

  it("ends a connection in cleartext", async () => {
    const socket = connect(mesh.port("product"), "127.0.0.1");
    socket.write("GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
    let text = "";
    socket.on("data", (it) => (text += it.toString("latin1")));
    socket.on("error", () => {});
    await once(socket, "close");
    expect(text).not.toContain("200");
  });
});
