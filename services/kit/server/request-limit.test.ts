import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { implement } from "../implementation.ts";
import { createPipeline } from "../pipeline/pipeline.ts";
import { contractOf, type EchoService } from "../testing/contract.ts";
import type { Listener } from "./listen.ts";
import { serveRpcs } from "./rpc-server.ts";

const KIB = 1024;
const open = { callers: ["edge"], user: User.ANY };
const timeout = { seconds: 20n };
const limits = { say: 64 * KIB, look: 1024 * KIB, watch: 8 * KIB } as const;
const Echo = contractOf([
  { name: "Say", policy: { ...open, timeout, requestMaxBytes: limits.say } },
  { name: "Look", policy: { ...open, timeout } }, // unset: 1 MiB
  { name: "Watch", policy: { ...open, requestMaxBytes: limits.watch }, streams: true },
]) as EchoService;

let listener: Listener;
beforeAll(async () => {
  const say = (request: { value: string }) => ({ value: `${request.value.length}` });
  listener = await serveRpcs({
    name: "product",
    host: "127.0.0.1",
    port: 0,
    services: [
      implement(Echo, {
        say,
        look: say,
        async *watch(request: { value: string }) {
          yield say(request);
        },
      } as never),
    ],
    pipeline: createPipeline({ admission: [], checks: [] }, pino({ level: "silent" })),
    messages: { responseMaxBytes: 1024 * KIB },
    fallback: () => {},
  });
});
afterAll(() => listener.close(0));

type Calls = Pick<Client<EchoService>, keyof typeof limits>;

/** The code a call with a request of so many bytes ends with; 0 is OK. */
async function codeOf(client: Calls, rpc: keyof typeof limits, bytes: number): Promise<number> {
  // A tag, and a length of three bytes or, of shorter ones, two.
  const request = { value: "x".repeat(bytes - 4) };
  try {
    if (rpc === "watch") for await (const _ of client.watch(request));
    else await client[rpc](request);
    return 0;
  } catch (error) {
    return ConnectError.from(error).code;
  }
}

describe.each(Object.entries({ createGrpcTransport, createGrpcWebTransport, createConnectTransport }))(
  "the largest request, by %s",
  (_, createTransport) => {
    it.each(["say", "look", "watch"] as const)("of %s is the contract's", async (rpc) => {
      const baseUrl = `http://127.0.0.1:${listener.port}`;
      const client = createClient(Echo, createTransport({ baseUrl, httpVersion: "2" })) as Calls;
      expect(await codeOf(client, rpc, limits[rpc])).toBe(0);
      expect(await codeOf(client, rpc, limits[rpc] + 2)).toBe(Code.ResourceExhausted);
    });
  },
);
