import { type DescEnumValue, type DescMethod, type DescService, getOption, hasOption } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import {
  type Policy,
  policy as policyOption,
  type StatusCode,
  status_code,
  User,
} from "#gen/shop/mesh/v1/policy_pb.js";

/** "shop.product.v1.ProductService/GetProduct": for logs and messages only; code holds descriptors. */
export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/** The workload that serves a contract: "shop.product.v1.ProductService" is served by "product". */
export function workloadOf(service: DescService): string {
  const workload = service.typeName.split(".")[1];
  if (workload === undefined) throw new Error(`${service.typeName} does not say which workload serves it`);
  return workload;
}

/** What is wrong with the policy of one RPC, or undefined. Fails closed: what is not said is an error, never a default. */
function faultOf(method: DescMethod): string | undefined {
  if (!hasOption(method, policyOption)) return "has no (shop.mesh.v1.policy)";
  const policy = getOption(method, policyOption);
  if (policy.callers.length === 0) return "names no callers";
  if (policy.user === User.UNSPECIFIED) return "does not say whom it serves (user)";
  const timeoutMs = timeoutMsOf(policy);
  if (timeoutMs === undefined ? method.methodKind === "unary" : timeoutMs <= 0) return "has no timeout";
  const { rateLimit } = policy;
  if (rateLimit && (rateLimit.requests < 1 || !rateLimit.period || durationMs(rateLimit.period) <= 0))
    return "has an incomplete rate limit";
  if (policy.requestMaxBytes < 0) return "allows requests of less than nothing";
  return undefined;
}

/**
 * The policy that the contract states for an RPC.
 * @throws Error when the RPC has none or an incomplete one.
 */
export function policyOf(method: DescMethod): Policy {
  const fault = faultOf(method);
  if (fault !== undefined)
    throw new Error(`${methodName(method)} ${fault}; add it in ${method.parent.file.name}.proto`);
  return getOption(method, policyOption);
}

/** How long a call may take by its contract, in milliseconds; undefined for streams that live until they are done. */
export function timeoutMsOf(policy: Policy): number | undefined {
  return policy.timeout === undefined ? undefined : durationMs(policy.timeout);
}

/** The gRPC status code that the contract gives to an error reason. */
export function statusCodeOf(value: DescEnumValue): StatusCode {
  return getOption(value, status_code);
}

/** The largest request where the contract states none: 1 MiB. */
const REQUEST_MAX_BYTES = 1024 * 1024;

/** The largest request of a call in bytes, compressed or not. */
export function requestMaxBytesOf(policy: Policy): number {
  return policy.requestMaxBytes === 0 ? REQUEST_MAX_BYTES : policy.requestMaxBytes;
}
