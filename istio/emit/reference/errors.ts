import type { DescEnum, FileRegistry } from "@bufbuild/protobuf";
import { StatusCode } from "#gen/shop/mesh/v1/policy_pb.js";
import { statusCodeOf } from "#kit/policy.ts";
import type { createComments } from "./comments.ts";

/** A reason for which calls fail. */
export interface Reason {
  /** "PRODUCT_NOT_FOUND": ErrorInfo.reason */
  readonly name: string;
  /** "shop.product": ErrorInfo.domain */
  readonly domain: string;
  /** "NOT_FOUND" */
  readonly status: string;
  /** The status of an HTTP answer by Connect's protocol. */
  readonly http: number;
  readonly comment: string;
}

/** https://connectrpc.com/docs/protocol/#error-codes */
const HTTP_STATUS: Readonly<Record<StatusCode, number>> = {
  [StatusCode.UNSPECIFIED]: 500,
  [StatusCode.CANCELLED]: 499,
  [StatusCode.INVALID_ARGUMENT]: 400,
  [StatusCode.DEADLINE_EXCEEDED]: 504,
  [StatusCode.NOT_FOUND]: 404,
  [StatusCode.ALREADY_EXISTS]: 409,
  [StatusCode.PERMISSION_DENIED]: 403,
  [StatusCode.RESOURCE_EXHAUSTED]: 429,
  [StatusCode.FAILED_PRECONDITION]: 400,
  [StatusCode.ABORTED]: 409,
  [StatusCode.UNIMPLEMENTED]: 501,
  [StatusCode.INTERNAL]: 500,
  [StatusCode.UNAVAILABLE]: 503,
  [StatusCode.UNAUTHENTICATED]: 401,
};

const PREFIX = "ERROR_REASON_";

function reasonsIn(reasons: DescEnum, comment: ReturnType<typeof createComments>): Reason[] {
  const domain = reasons.file.proto.package.replace(/\.v\d+$/, "");
  return reasons.values
    .filter((it) => it.number !== 0)
    .map((it) => {
      const status = statusCodeOf(it);
      return {
        name: it.name.slice(PREFIX.length),
        domain,
        status: StatusCode[status] ?? "UNKNOWN",
        http: HTTP_STATUS[status],
        comment: comment(it),
      };
    });
}

/** The reasons that a package of contracts gives for failures. */
export function reasonsOf(
  registry: FileRegistry,
  packageName: string,
  comment: ReturnType<typeof createComments>,
): Reason[] {
  const found = registry.getEnum(`${packageName}.ErrorReason`);
  return found === undefined ? [] : reasonsIn(found, comment);
}

/** Failures of any call, whatever the service. */
export function commonReasons(registry: FileRegistry, comment: ReturnType<typeof createComments>): Reason[] {
  return reasonsOf(registry, "shop.mesh.v1", comment);
}
