import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { EDGE, type Mesh, type MeshMethod } from "../model.ts";

/** Who a client at the edge may be. "absent" shows no token. */
export const CLIENTS = ["absent", "guest", "customer", "admin", "expired", "forged"] as const;
export type EdgeClient = (typeof CLIENTS)[number];
/** An access token of each kind; of "expired" and "forged" those of an administrator. */
export type EdgeTokens = Readonly<Record<Exclude<EdgeClient, "absent">, string>>;

/** Where an edge is. */
export interface EdgeAddress {
  readonly baseUrl: string;
  /** For Node's client: whom to trust, where to find the name. */
  readonly nodeOptions?: object;
}

/** How the edge answered, or has to: not there, no (proven) user, not this user, or whatever the service says. */
export type EdgeAnswer = "not found" | "unauthenticated" | "forbidden" | "served";

const LEVELS = { absent: User.ANY, guest: User.GUEST, customer: User.SIGNED_IN, admin: User.ADMIN } as const;
/** Of the reasons that any call may fail for, whatever the service. */
const MESH_DOMAIN = "shop.mesh";
const CALL_TIMEOUT_MS = 20_000;

/** What the contract has the edge answer; where two answers are as good, both. */
export function expectedAnswers({ callers, common, user }: MeshMethod, client: EdgeClient): readonly EdgeAnswer[] {
  const bad = client === "expired" || client === "forged";
  // A proxy that checks tokens may do so before it looks where the call goes.
  if (common || !callers.includes(EDGE)) return bad ? ["not found", "unauthenticated"] : ["not found"];
  if (bad) return ["unauthenticated"];
  if (LEVELS[client] >= user) return ["served"];
  // A service asks for a token; the mesh in front of it knows only that there is none that would do.
  return client === "absent" ? ["unauthenticated", "forbidden"] : ["forbidden"];
}

const ANSWERS: Readonly<Partial<Record<Code, EdgeAnswer>>> = {
  [Code.Unimplemented]: "not found",
  [Code.Unauthenticated]: "unauthenticated",
  [Code.PermissionDenied]: "forbidden",
};
// What says nothing about who may call, only that the call did not get through.
const INCONCLUSIVE = new Set([
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.ResourceExhausted,
  Code.Canceled,
  Code.Unknown,
  Code.Internal,
]);

function transportsOf({ baseUrl, nodeOptions = {} }: EdgeAddress): Readonly<Record<string, Transport>> {
  return {
    Connect: createConnectTransport({ baseUrl, httpVersion: "1.1", nodeOptions, useBinaryFormat: false }),
    "gRPC-Web": createGrpcWebTransport({ baseUrl, httpVersion: "2", nodeOptions }),
    gRPC: createGrpcTransport({ baseUrl, nodeOptions }),
  };
}

/** Calls with an empty request: it is refused for what it lacks, or changes nothing. */
async function answerOf(transport: Transport, method: DescMethod, token: string | undefined): Promise<string> {
  const client = createClient(method.parent, transport) as Record<
    string,
    (request: unknown, options: object) => unknown
  >;
  const headers = new Headers(token === undefined ? {} : { authorization: `Bearer ${token}` });
  const options = { headers, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) };
  const streams = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  try {
    const result = client[method.localName]?.(streams ? nothing() : {}, options);
    if (method.methodKind === "unary" || method.methodKind === "client_streaming") await result;
    else for await (const _ of result as AsyncIterable<unknown>) break;
    return "served";
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    // With a reason of its own a service has looked into the call.
    if (error.findDetails(ErrorInfoSchema).some((it) => it.domain !== MESH_DOMAIN)) return "served";
    return ANSWERS[error.code] ?? (INCONCLUSIVE.has(error.code) ? error.message : "served");
  }
}

async function* nothing(): AsyncGenerator<object> {}

/** What came of the table: how many calls were made, and those that were answered otherwise than the contract says. */
export interface EdgeTable {
  readonly calls: number;
  readonly wrong: readonly string[];
}

/**
 * Calls every RPC of every service at the edge, whether it is for the edge or not: in each protocol, as each kind of
 * client. Each RPC is called by one client no more often than its rate limit allows in a minute, so run it once a minute.
 */
export async function edgeTable(address: EdgeAddress, mesh: Mesh, tokens: EdgeTokens): Promise<EdgeTable> {
  const methods = [...new Map(mesh.workloads.flatMap((it) => it.methods).map((it) => [it.path, it])).values()];
  const transports = Object.entries(transportsOf(address));
  const wrong: string[] = [];
  for (const method of methods) {
    const cells = transports.flatMap(([protocol, transport]) =>
      CLIENTS.map((client) => ({ protocol, transport, client })),
    );
    const answers = await Promise.all(
      cells.map(({ transport, client }) =>
        answerOf(transport, method.descriptor, client === "absent" ? undefined : tokens[client]),
      ),
    );
    for (const [index, { protocol, client }] of cells.entries()) {
      const expected: readonly string[] = expectedAnswers(method, client);
      const answer = answers[index] ?? "";
      if (!expected.includes(answer))
        wrong.push(`${method.path} by ${protocol}, token ${client}: ${answer}, expected ${expected.join(" or ")}`);
    }
  }
  return { calls: methods.length * transports.length * CLIENTS.length, wrong };
}
