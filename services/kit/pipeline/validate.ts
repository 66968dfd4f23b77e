import { createValidator } from "@bufbuild/protovalidate";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "../failure.ts";
import { createPatternMatch } from "./pattern.ts";
import type { Step } from "./pipeline.ts";

// Details travel in a header, which many clients take only up to 8 KiB; nobody mends a thousand fields by their names.
const VIOLATIONS_MAX = 20;

/** Holds the request against the rules in its contract; the failure names the fields that break one. */
export function validate(): Step {
  const validator = createValidator({ regexMatch: createPatternMatch() });
  return (call) => {
    if (call.message === undefined) return;
    const result = validator.validate(call.method.input, call.message);
    if (result.kind === "valid") return;
    if (result.kind === "error") throw result.error;
    const violations = result.violations.slice(0, VIOLATIONS_MAX).map((it) => ({
      field: it.field.length === 0 ? "" : (it.toString().split(": ")[0] ?? ""),
      description: it.message,
      reason: it.ruleId,
    }));
    const [first] = violations;
    throw callFailure(
      ErrorReason.INVALID_INPUT,
      `${first?.field || "The request"}: ${first?.description ?? "is not valid"}`,
      { violations },
    );
  };
}
