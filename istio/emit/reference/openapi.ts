import type { DescMessage } from "@bufbuild/protobuf";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { ATTEMPTS_MAX } from "#kit/client/retry.ts";
import { EDGE, type MeshMethod } from "../../model.ts";
import { bytesWords, durationWords, rateWords } from "../../words.ts";
import type { Schema } from "./constraints.ts";
import type { DocumentedCall, DocumentedService, Documents } from "./documents.ts";
import { createFailures, ERROR } from "./failures.ts";
import { createSchemas, type Schemas } from "./schemas.ts";

const BEARER = { type: "http", scheme: "bearer", bearerFormat: "JWT" } as const;
/** The tokens that a caller may hold, by how far they reach. */
const TOKENS = {
  guest: { ...BEARER, description: "A guest's token, as AuthService.SignInAsGuest gives one." },
  user: { ...BEARER, description: "The token of somebody with an account, as AuthService.SignIn gives one." },
  administrator: { ...BEARER, description: "The token of an administrator." },
} as const;

const REACHES: Readonly<Record<User, readonly (keyof typeof TOKENS)[]>> = {
  [User.UNSPECIFIED]: [],
  [User.ANY]: ["guest", "user", "administrator"],
  [User.GUEST]: ["guest", "user", "administrator"],
  [User.SIGNED_IN]: ["user", "administrator"],
  [User.ADMIN]: ["administrator"],
};

function securityOf({ user }: MeshMethod): Schema[] {
  return [...(user === User.ANY ? [{}] : []), ...REACHES[user].map((it) => ({ [it]: [] }))];
}

/** How Connect sends the messages of a stream. */
const ENVELOPED = "Messages as JSON, each behind five bytes: flags, and its length in big endian. The last has flag 2.";

/** What calls are described with. */
interface Parts {
  readonly documents: Documents;
  readonly schemas: Schemas;
  readonly failures: ReturnType<typeof createFailures>;
}

function describe(text: string, { timeoutMs, idempotency, rateLimit, requestMaxBytes, kind }: MeshMethod): string {
  const facts = [
    timeoutMs === undefined
      ? "A stream: it lives until it is done."
      : `Answered within ${durationWords(timeoutMs)}, or it fails.`,
    ...(kind === "unary" && idempotency !== "none"
      ? [`May be repeated; the mesh tries up to ${ATTEMPTS_MAX} times.`]
      : []),
    ...(rateLimit ? [`At most ${rateWords(rateLimit)} from one client.`] : []),
    `At most ${bytesWords(requestMaxBytes)}.`,
  ];
  return `${text}\n\n${facts.join(" ")}`;
}

const VERSION_HEADER = {
  name: "connect-protocol-version",
  in: "header",
  description: "The version of Connect's protocol.",
  schema: { const: "1" },
} as const;

function getOperation(base: Schema, id: string, input: DescMessage, schemas: Schemas): Schema {
  const message = { "application/json": { schema: schemas.refer(input) } };
  const query = (name: string, rest: Schema) => ({ name, in: "query", ...rest });
  return {
    ...base,
    operationId: `${id}.get`,
    parameters: [
      query("connect", { schema: { const: "v1" }, description: "The version of Connect's protocol." }),
      query("encoding", { required: true, schema: { const: "json" }, description: "How the message is written." }),
      query("message", { required: true, content: message, description: "The request." }),
    ],
  };
}

/** The path of one call, with the ways to ask for it. */
function pathItem(
  { desc, method }: DocumentedCall,
  { reasons }: DocumentedService,
  { documents, schemas, failures }: Parts,
): Schema {
  const streams = method.kind !== "unary";
  const type = streams ? "application/connect+json" : "application/json";
  const id = `${desc.parent.name}.${desc.name}`;
  const base = {
    tags: [desc.parent.typeName],
    summary: id,
    description: describe(documents.comment(desc), method),
    security: securityOf(method),
    responses: {
      "200": {
        description: streams
          ? `${ENVELOPED} The last one says how the stream ended, and why if it failed.`
          : "The answer.",
        content: { [type]: { schema: schemas.refer(desc.output) } },
      },
      ...(!streams && failures.of(reasons)),
    },
  };
  const post = {
    ...base,
    operationId: id,
    parameters: [VERSION_HEADER],
    requestBody: {
      required: true,
      ...(streams && { description: ENVELOPED }),
      content: { [type]: { schema: schemas.refer(desc.input) } },
    },
  };
  const reads = !streams && method.idempotency === "no_side_effects";
  return { ...(reads && { get: getOperation(base, id, desc.input, schemas) }), post };
}

/** OpenAPI 3.1 of the calls that browsers may make, as Connect's protocol with JSON. */
export function openApiOf(all: Documents): object {
  const parts = {
    documents: all,
    schemas: createSchemas(all.comment),
    failures: createFailures(all.commonReasons),
  };
  const open = all.services.flatMap((service) =>
    service.calls.filter((it) => it.method.callers.includes(EDGE)).map((call) => ({ service, call })),
  );
  const tags = [...new Set(open.map((it) => it.service))].map(({ desc }) => ({
    name: desc.typeName,
    description: all.comment(desc),
  }));
  const paths = Object.fromEntries(open.map(({ service, call }) => [call.method.path, pathItem(call, service, parts)]));
  return {
    openapi: "3.1.0",
    info: {
      title: "Shopmesh",
      version: "1",
      description:
        "The calls that are open to browsers, as Connect's protocol with JSON has them (https://connectrpc.com/docs/protocol). Made from the contracts; docs/api.md describes all calls. Fields that are empty may be left out, and are in answers.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://localhost:8080", description: "A laptop" }],
    tags,
    paths,
    components: {
      securitySchemes: TOKENS,
      responses: parts.failures.all(),
      schemas: { "connect.Error": ERROR, ...parts.schemas.all() },
    },
  };
}
