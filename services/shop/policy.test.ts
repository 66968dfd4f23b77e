import type { DescMethod } from "@bufbuild/protobuf";
import { ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { services } from "#gen/services.js";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { WORKLOAD_HEADER } from "#kit/identity/workload.ts";
import { policyOf } from "#kit/policy.ts";
import { DEFAULT_PORTS, type Workload } from "#kit/settings.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { backend } from "./testing/backend.ts";

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh(backend);
});
afterAll(() => mesh.close());

/** How a call may name itself: each workload, none, one that no contract knows, and one that lies. */
const CALLERS = [...Object.keys(DEFAULT_PORTS), "nobody", "(none)", "(forged)"] as const;
const USERS = ["(none)", "guest", "customer", "admin", "(expired)", "(forged)"] as const;
const LEVELS = { "(none)": User.ANY, guest: User.GUEST, customer: User.SIGNED_IN, admin: User.ADMIN } as const;

/** What the contract says of a call, as the reason it is refused for; undefined when it is let through. */
function expectedRefusal(method: DescMethod, caller: string, user: (typeof USERS)[number]): string | undefined {
  const { callers, user: needed } = policyOf(method);
  const workload = caller === "(none)" ? "edge" : caller;
  if (!callers.includes(workload)) return "CALLER_NOT_ALLOWED";
  if (user === "(expired)" || user === "(forged)") return "TOKEN_INVALID";
  if (needed !== User.ANY && user === "(none)") return "TOKEN_MISSING";
  return LEVELS[user] < needed ? "USER_NOT_ALLOWED" : undefined;
}

const REFUSALS = new Set(["CALLER_NOT_ALLOWED", "TOKEN_INVALID", "TOKEN_MISSING", "USER_NOT_ALLOWED"]);

function headersOf(caller: string, user: (typeof USERS)[number]): Headers {
  const headers = new Headers(caller.startsWith("(") ? {} : mesh.prove(caller));
  if (caller === "(forged)") headers.set(WORKLOAD_HEADER, "order.bm90IGEgcHJvb2Y");
  if (user === "(forged)") headers.set("authorization", `Bearer ${mesh.as("admin").token.slice(0, -4)}AAAA`);
  else if (user === "(expired)") headers.set("authorization", `Bearer ${mesh.as("admin", undefined, -60).token}`);
  else if (user !== "(none)") headers.set("authorization", `Bearer ${mesh.as(user).token}`);
  return headers;
}

/** Makes the call with an empty request and answers for which reason it was refused, if it was. */
async function refusalOf(transport: Transport, method: DescMethod, headers: Headers): Promise<string | undefined> {
  const client = createClient(method.parent, transport) as Record<
    string,
    (request: object, options: object) => unknown
  >;
  const options = { headers, signal: AbortSignal.timeout(20_000) };
  try {
    const result = client[method.localName]?.({}, options);
    if (method.methodKind === "unary") await result;
    else for await (const _ of result as AsyncIterable<unknown>) break;
    return undefined;
  } catch (error) {
    const reason = ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason ?? "";
    return REFUSALS.has(reason) ? reason : undefined;
  }
}

describe("who may call what", () => {
  const methods = services.flatMap((service) => service.methods);
  it.each(methods.map((method) => [`${method.parent.name}.${method.name}`, method] as const))(
    "%s is open to exactly those its contract names",
    async (_, method) => {
      // Every service serves the kit's own contract; one stands for all.
      const workload = (
        method.parent.typeName.startsWith("shop.mesh.") ? "product" : method.parent.typeName.split(".")[1]
      ) as Workload;
      const transport = createGrpcTransport({ baseUrl: mesh.url(workload) });
      for (const caller of CALLERS) {
        const answers = await Promise.all(USERS.map((user) => refusalOf(transport, method, headersOf(caller, user))));
        expect(Object.fromEntries(USERS.map((user, index) => [user, answers[index]])), `called by ${caller}`).toEqual(
          Object.fromEntries(USERS.map((user) => [user, expectedRefusal(method, caller, user)])),
        );
      }
    },
  );
});
