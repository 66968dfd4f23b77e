import type { DescMessage } from "@bufbuild/protobuf";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { ATTEMPTS_MAX } from "#kit/client/retry.ts";
import { EDGE, type MeshMethod } from "../../model.ts";
import { bytesWords, durationWords, rateWords } from "../../words.ts";
import type { DocumentedCall, DocumentedService, Documents } from "./documents.ts";
import type { Reason } from "./errors.ts";
import { createSchemas, type Schema, type Schemas } from "./schemas.ts";

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

const ERROR: Schema = {
  type: "object",
  description: "A failure, as Connect's protocol has it (https://connectrpc.com/docs/protocol/#error-end-stream).",
  required: ["code"],
  properties: {
    code: { type: "string", description: "The status in lower case: `not_found`.", examples: ["not_found"] },
    message: { type: "string", description: "What happened, for developers." },
    details: {
      type: "array",
      description:
        "Exactly one `google.rpc.ErrorInfo` with the reason; `google.rpc.BadRequest` and `google.rpc.RetryInfo` where they apply.",
      items: {
        type: "object",
        required: ["type", "value"],
        properties: {
          type: { type: "string", examples: ["google.rpc.ErrorInfo"] },
          value: { type: "string", contentEncoding: "base64", description: "The message in protobuf's binary form." },
          debug: { description: "The message as JSON." },
        },
      },
    },
  },
};

/** Answers to failed calls: one for each HTTP status, with the reasons that lead to it. */
function createFailures(common: readonly Reason[]) {
  const made = new Map<string, Schema>();
  const refer = (owner: string, status: number, reasons: readonly Reason[]): Schema => {
    const name = `${owner}.${status}`;
    const description = reasons.map((it) => `- \`${it.name}\` (${it.domain}): ${it.comment}`).join("\n");
    const content = { "application/json": { schema: { $ref: "#/components/schemas/connect.Error" } } };
    made.set(name, { description, content });
    return { $ref: `#/components/responses/${name}` };
  };
  return {
    /** References to the answers of a service that has these reasons of its own. */
    of(reasons: readonly Reason[]): Record<string, Schema> {
      const statuses = [...Map.groupBy([...common, ...reasons], (it) => it.http)].sort(([a], [b]) => a - b);
      return Object.fromEntries(
        statuses.map(([status, those]) => {
          const own = those.find((it) => reasons.includes(it));
          return [`${status}`, refer(own?.domain ?? "any", status, those)];
        }),
      );
    },
    all: () => Object.fromEntries([...made].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
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
