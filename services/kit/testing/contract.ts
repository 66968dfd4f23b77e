import { create, createFileRegistry, type DescService, type MessageInitShape, setExtension } from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_wrappers,
  MethodDescriptorProtoSchema,
  MethodOptions_IdempotencyLevel,
  MethodOptionsSchema,
  type StringValueSchema,
} from "@bufbuild/protobuf/wkt";
import {
  file_shop_mesh_v1_policy,
  type Policy,
  PolicySchema,
  policy as policyOption,
  User,
} from "#gen/shop/mesh/v1/policy_pb.js";

type PolicyInit = Exclude<MessageInitShape<typeof PolicySchema>, Policy>;

/** One RPC of a contract made for a test, from text to text. */
export interface TestRpc {
  readonly name: string;
  /** Left out: the RPC has no policy. */
  readonly policy?: PolicyInit;
  readonly streams?: boolean;
  readonly idempotency?: MethodOptions_IdempotencyLevel;
}

function rpcProto({ name, policy, streams = false, idempotency }: TestRpc) {
  const options = create(MethodOptionsSchema);
  if (idempotency !== undefined) options.idempotencyLevel = idempotency;
  if (policy !== undefined) setExtension(options, policyOption, create(PolicySchema, policy));
  const text = ".google.protobuf.StringValue";
  return create(MethodDescriptorProtoSchema, {
    name,
    inputType: text,
    outputType: text,
    serverStreaming: streams,
    options,
  });
}

/** A contract that no file holds: the service `package`.EchoService with these RPCs. */
export function contractOf(rpcs: readonly TestRpc[], packageName = "test.product.v1"): DescService {
  const file = create(FileDescriptorProtoSchema, {
    name: "test/echo.proto",
    package: packageName,
    syntax: "proto3",
    dependency: ["google/protobuf/wrappers.proto", "shop/mesh/v1/policy.proto"],
    service: [{ name: "EchoService", method: rpcs.map(rpcProto) }],
  });
  const known = [file_google_protobuf_wrappers, file_shop_mesh_v1_policy];
  const registry = createFileRegistry(file, (path) => known.find((it) => it.proto.name === path));
  const service = registry.getService(`${packageName}.EchoService`);
  if (service === undefined) throw new Error("The test's contract lost its service");
  return service;
}

type Text = typeof StringValueSchema;
type Unary = { methodKind: "unary"; input: Text; output: Text };
type Stream = { methodKind: "server_streaming"; input: Text; output: Text };

/** Calls of all kinds that the pipeline treats differently. */
export type EchoService = GenService<{
  say: Unary;
  look: Unary;
  hurry: Unary;
  limited: Unary;
  internal: Unary;
  account: Unary;
  watch: Stream;
}>;

/** The time that EchoService.Hurry has; the others have plenty. */
export const HURRY_MS = 80;
/** How often a client may call EchoService.Limited in an hour. */
export const LIMITED_REQUESTS = 3;

/** The largest request that EchoService takes. */
export const ECHO_MAX_BYTES = 300_000;

const open: PolicyInit = {
  callers: ["edge", "order", "api"],
  user: User.ANY,
  timeout: { seconds: 20n },
  requestMaxBytes: ECHO_MAX_BYTES,
};

/** A contract with an RPC of each kind, served by the workload that its package names. */
export function echoContract(packageName?: string): EchoService {
  const rpcs: TestRpc[] = [
    { name: "Say", policy: open },
    { name: "Look", policy: open, idempotency: MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS },
    { name: "Hurry", policy: { ...open, timeout: { nanos: HURRY_MS * 1_000_000 } } },
    { name: "Limited", policy: { ...open, rateLimit: { requests: LIMITED_REQUESTS, period: { seconds: 3600n } } } },
    { name: "Internal", policy: { ...open, callers: ["order"] } },
    { name: "Account", policy: { ...open, user: User.SIGNED_IN } },
    { name: "Watch", policy: { ...open, timeout: undefined }, streams: true },
  ];
  return contractOf(rpcs, packageName) as EchoService;
}
