import type { Schema } from "./constraints.ts";
import type { Reason } from "./errors.ts";

/** A failed call's answer. */
export const ERROR: Schema = {
  type: "object",
  description: "A failure, as Connect's protocol has it (https://connectrpc.com/docs/protocol).",
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
export function createFailures(common: readonly Reason[]) {
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
