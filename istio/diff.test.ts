import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Deployment } from "#kit/deployment.ts";
import { contractOf, type TestRpc } from "#kit/testing/contract.ts";
import { diffMeshes } from "./diff.ts";
import { type Mesh, meshOf } from "./model.ts";

const plain: Deployment = { store: "none", size: { cpuMillis: 10, memoryMiB: 64, memoryMaxMiB: 128 } };
const open = { callers: ["edge"], user: User.ANY, timeout: { seconds: 2n } };
const say: TestRpc = { name: "Say", policy: open };

interface Shape {
  /** The RPCs of "product". */
  readonly rpcs?: readonly TestRpc[];
  readonly product?: Partial<Deployment>;
  /** Other services, each with the RPC Say. */
  readonly others?: readonly string[];
}

function meshLike({ rpcs = [say], product = {}, others = ["cart", "order"] }: Shape): Mesh {
  const contracts = [
    contractOf(rpcs, "test.product.v1"),
    ...others.map((name) => contractOf([say], `test.${name}.v1`)),
  ];
  const deployments = Object.fromEntries(others.map((name) => [name, plain]));
  return meshOf(contracts, { ...deployments, product: { ...plain, ...product } });
}

/** "+ cart may now call product.Say": what opens access is marked +, what closes it -. */
function sentences(before: Shape, after: Shape): string[] {
  const marks = { opens: "+", closes: "-", alters: "~" };
  return diffMeshes(meshLike(before), meshLike(after)).map(({ effect, text }) => `${marks[effect]} ${text}`);
}

const withPolicy = (policy: Partial<TestRpc["policy"]>): Shape => ({
  rpcs: [{ ...say, policy: { ...open, ...policy } }],
});
const withIdempotency = (idempotency: Idempotency): Shape => ({ rpcs: [{ ...say, idempotency }] });
const minute = { seconds: 60n };
const promise = { latencyMs: 100, availability: 0.999 };

/** What changes, from the first shape to the second, and back again. */
const CHANGES: Readonly<
  Record<string, { from?: Shape; to: Shape; there: readonly string[]; back: readonly string[] }>
> = {
  "a caller": {
    to: withPolicy({ callers: ["edge", "cart"] }),
    there: ["+ cart may now call product.Say", "+ the network opens cart → product"],
    back: ["- cart may no longer call product.Say", "- the network closes cart → product"],
  },
  "the ingress as a caller": {
    from: withPolicy({ callers: ["cart"] }),
    to: withPolicy({ callers: ["cart", "edge"] }),
    there: ["+ edge may now call product.Say, so that browsers can", "+ the network opens edge → product"],
    back: ["- edge may no longer call product.Say", "- the network closes edge → product"],
  },
  everybody: {
    from: { ...withPolicy({ callers: ["cart"] }), product: { http: [{ path: "/x", callers: ["cart"] }] } },
    to: { ...withPolicy({ callers: ["*"] }), product: { http: [{ path: "/x", callers: ["cart"] }] } },
    there: ["+ every workload may now call product.Say"],
    back: ["- only cart may still call product.Say, which was open to every workload"],
  },
  "the user, from anybody": {
    to: withPolicy({ user: User.SIGNED_IN }),
    there: ["- product.Say now needs a signed-in user"],
    back: ["+ product.Say now serves anybody, where it needed a signed-in user"],
  },
  "the user, to the highest": {
    from: withPolicy({ user: User.GUEST }),
    to: withPolicy({ user: User.ADMIN }),
    there: ["- product.Say now needs an administrator"],
    back: ["+ product.Say now serves anybody with a token, where it needed an administrator"],
  },
  "the timeout": {
    to: withPolicy({ timeout: { seconds: 0n, nanos: 500_000_000 } }),
    there: ["~ product.Say may take 500 ms instead of 2 s"],
    back: ["~ product.Say may take 2 s instead of 500 ms"],
  },
  "the rate": {
    from: withPolicy({ rateLimit: { requests: 600, period: minute } }),
    to: withPolicy({ rateLimit: { requests: 20, period: { seconds: 1n } } }),
    there: ["+ a client may call product.Say 20 a second instead of 600 a minute"],
    back: ["- a client may call product.Say 600 a minute instead of 20 a second"],
  },
  "whether there is a rate": {
    to: withPolicy({ rateLimit: { requests: 5, period: { seconds: 10n } } }),
    there: ["- a client may now call product.Say 5 in 10 s, which had no limit"],
    back: ["+ a client may now call product.Say as often as it likes"],
  },
  "the size of a request": {
    to: withPolicy({ requestMaxBytes: 512 * 1024 }),
    there: ["- product.Say takes requests of 512 KiB instead of 1 MiB"],
    back: ["+ product.Say takes requests of 1 MiB instead of 512 KiB"],
  },
  "the objective": {
    from: withPolicy({ objective: promise }),
    to: withPolicy({ objective: { latencyMs: 50, availability: 0.99 } }),
    there: [
      "~ product.Say promises an answer within 50 ms instead of 100 ms",
      "~ product.Say promises an availability of 99 % instead of 99.9 %",
    ],
    back: [
      "~ product.Say promises an answer within 100 ms instead of 50 ms",
      "~ product.Say promises an availability of 99.9 % instead of 99 %",
    ],
  },
  "whether there is an objective": {
    to: withPolicy({ objective: promise }),
    there: ["~ product.Say now promises an answer within 100 ms and an availability of 99.9 %"],
    back: ["~ product.Say promises nothing any more"],
  },
  "whether it is repeated": {
    to: withIdempotency(Idempotency.IDEMPOTENT),
    there: ["~ product.Say is now repeated when it fails"],
    back: ["~ product.Say is no longer repeated when it fails"],
  },
  "whether it only reads": {
    from: withIdempotency(Idempotency.IDEMPOTENT),
    to: withIdempotency(Idempotency.NO_SIDE_EFFECTS),
    there: ["~ product.Say now only reads: it may be asked by GET"],
    back: ["~ product.Say no longer only reads: it may not be asked by GET"],
  },
  "whether it is a stream": {
    to: { rpcs: [{ name: "Say", policy: { callers: ["edge"], user: User.ANY }, streams: true }] },
    there: ["~ product.Say now answers with a stream that lives until it is done, instead of once within 2 s"],
    back: ["~ product.Say now answers once within 2 s, instead of with a stream that lives until it is done"],
  },
  "a call": {
    to: { rpcs: [say, { name: "Look", policy: { ...open, callers: ["cart", "order"], user: User.ADMIN } }] },
    there: [
      "+ new: product.Look, which cart and order may call; it serves administrators within 2 s",
      "+ the network opens cart → product",
      "+ the network opens order → product",
    ],
    back: [
      "- gone: product.Look, which cart and order could call",
      "- the network closes cart → product",
      "- the network closes order → product",
    ],
  },
  "a stream": {
    to: { rpcs: [say, { name: "Watch", policy: { callers: ["edge"], user: User.SIGNED_IN }, streams: true }] },
    there: ["+ new: product.Watch, a stream, which edge may call; it serves every signed-in user"],
    back: ["- gone: product.Watch, which edge could call"],
  },
  "a service": {
    to: { others: ["cart", "order", "image"] },
    there: [
      "+ new: image.Say, which edge may call; it serves anybody within 2 s",
      "+ the network opens edge → image",
      "~ new: the service image, on port 3005",
    ],
    back: [
      "- gone: image.Say, which edge could call",
      "- the network closes edge → image",
      "~ gone: the service image",
    ],
  },
  "a path of plain HTTP": {
    to: { product: { http: [{ path: "/files/", callers: ["cart"] }] } },
    there: ["+ cart may now ask product for /files/", "+ the network opens cart → product"],
    back: ["- cart may no longer ask product for /files/", "- the network closes cart → product"],
  },
  "the keys of tokens": {
    to: { product: { publishesKeys: "/keys" } },
    there: ["+ access tokens are now checked with the keys of product at /keys"],
    back: ["- access tokens are no longer checked with the keys of product at /keys"],
  },
  "the store": {
    to: { product: { store: "postgres" } },
    there: ["+ product now keeps its data in PostgreSQL, which the network lets it reach"],
    back: ["- product now keeps no data"],
  },
  "an engine": {
    from: { product: { store: "postgres" } },
    to: { product: { store: "postgres", engines: [{ keeps: "data", on: "mongodb" }] } },
    there: ["+ product can now keep its data on MongoDB, which the network lets it reach there"],
    back: ["- product can no longer keep its data on MongoDB"],
  },
  "a secret": {
    to: { product: { secrets: { API_KEY: "x" } } },
    there: ["+ product is now given the secret API_KEY"],
    back: ["- product is no longer given the secret API_KEY"],
  },
  "a setting": {
    from: { product: { settings: { PACE: "1" } } },
    to: { product: { settings: { PACE: "2" } } },
    there: ["~ product is now started with PACE=2 instead of 1"],
    back: ["~ product is now started with PACE=1 instead of 2"],
  },
  "the size": {
    to: { product: { size: { cpuMillis: 20, memoryMiB: 64, memoryMaxMiB: 128 } } },
    there: [
      "~ a replica of product asks for 20m CPU and 64 MiB (128 at most) instead of 10m CPU and 64 MiB (128 at most)",
    ],
    back: [
      "~ a replica of product asks for 10m CPU and 64 MiB (128 at most) instead of 20m CPU and 64 MiB (128 at most)",
    ],
  },
  "who sees the same replica again": {
    to: { product: { affinity: "user" } },
    there: ["~ calls of product of the same user go to the same replica"],
    back: ["~ calls of product go to any replica"],
  },
};

describe("a change of contract in words", () => {
  it.each(Object.entries(CHANGES))("says what became of %s, both ways", (_, { from = {}, to, there, back }) => {
    expect(sentences(from, to)).toEqual(there);
    expect(sentences(to, from)).toEqual(back);
  });

  it("has none where nothing changed", () => {
    for (const { to } of Object.values(CHANGES)) expect(sentences(to, to)).toEqual([]);
  });

  it("begins with what opens access", () => {
    const found = sentences(withPolicy({ user: User.SIGNED_IN }), withPolicy({ callers: ["cart"], timeout: minute }));
    expect(found.map((it) => it[0])).toEqual(["+", "+", "+", "-", "-", "~"]);
  });
});
