import type { GenService } from "@bufbuild/protobuf/codegenv2";
import { MethodOptions_IdempotencyLevel as Idempotency, type StringValueSchema } from "@bufbuild/protobuf/wkt";
import { contractOf } from "#kit/testing/contract.ts";

type Text = typeof StringValueSchema;
type Unary = { methodKind: "unary"; input: Text; output: Text };

/** An RPC for each level of idempotency, and one that streams. */
export type TextService = GenService<{
  act: Unary;
  look: Unary;
  put: Unary;
  watch: { methodKind: "server_streaming"; input: Text; output: Text };
}>;

export const TextService = contractOf([
  { name: "Act" },
  { name: "Look", idempotency: Idempotency.NO_SIDE_EFFECTS },
  { name: "Put", idempotency: Idempotency.IDEMPOTENT },
  { name: "Watch", streams: true },
]) as TextService;
