import { readFileSync } from "node:fs";
import {
  create,
  createFileRegistry,
  type FileRegistry,
  fromBinary,
  type Message,
  setExtension,
} from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { FileDescriptorSetSchema, MethodOptionsSchema } from "@bufbuild/protobuf/wkt";
import { PolicySchema, policy as policyOption, User } from "#gen/shop/mesh/v1/policy_pb.js";
import type {
  ClientCompatRequest,
  ClientCompatResponse,
  ConformanceService,
  RequestInfo,
  ServerCompatRequest,
  ServerCompatResponse,
} from "./messages.ts";

const PACKAGE = "connectrpc.conformance.v1";
// Longer than any test of the suite takes, so that the deadlines seen are those that the suite sets.
const TIMEOUT_SECONDS = 60n;
/** Larger than any message of the suite where it sets no limit. */
export const MESSAGE_MAX_BYTES = 4 * 1024 * 1024;

/** The suite's contract: the service, and the messages that the programs under test exchange with it. */
export interface ConformanceContract {
  readonly registry: FileRegistry;
  readonly service: ConformanceService;
  readonly requestInfo: GenMessage<RequestInfo>;
  readonly serverRequest: GenMessage<ServerCompatRequest>;
  readonly serverResponse: GenMessage<ServerCompatResponse>;
  readonly clientRequest: GenMessage<ClientCompatRequest>;
  readonly clientResponse: GenMessage<ClientCompatResponse>;
}

/**
 * Makes the contract from a descriptor set of the suite's proto files. Each RPC gets the policy it lacks, as our server
 * serves none without.
 * @param requestMaxBytes the limit of every RPC's requests
 */
export function readContract(descriptorSetPath: string, requestMaxBytes = MESSAGE_MAX_BYTES): ConformanceContract {
  const files = fromBinary(FileDescriptorSetSchema, readFileSync(descriptorSetPath));
  const policy = create(PolicySchema, {
    callers: ["edge"],
    user: User.ANY,
    timeout: { seconds: TIMEOUT_SECONDS },
    requestMaxBytes,
  });
  for (const method of files.file.flatMap((it) => it.service).flatMap((it) => it.method)) {
    method.options ??= create(MethodOptionsSchema);
    setExtension(method.options, policyOption, policy);
  }
  const registry = createFileRegistry(files);
  const service = registry.getService(`${PACKAGE}.ConformanceService`);
  if (service === undefined) throw new Error(`${descriptorSetPath} does not describe the conformance service`);
  const message = <T extends Message>(name: string) => {
    const found = registry.getMessage(`${PACKAGE}.${name}`);
    if (found === undefined) throw new Error(`${descriptorSetPath} does not describe ${name}`);
    return found as GenMessage<T>;
  };
  return {
    registry,
    service: service as ConformanceService,
    requestInfo: message("ConformancePayload.RequestInfo"),
    serverRequest: message("ServerCompatRequest"),
    serverResponse: message("ServerCompatResponse"),
    clientRequest: message("ClientCompatRequest"),
    clientResponse: message("ClientCompatResponse"),
  };
}

/** The contract from the file that the program was started with. */
export function contractOfArguments(requestMaxBytes?: number): ConformanceContract {
  const path = process.argv[2];
  if (path === undefined) throw new Error("Say where the suite's descriptor set is, as the first argument.");
  return readContract(path, requestMaxBytes);
}
