import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";

/** A field that breaks a rule of the contract. */
export interface FieldFault {
  /** The field's name in TypeScript. */
  readonly field: string;
  readonly message: string;
}

/** Checks messages by the rules of their contract. The library is large, so forms import this file when they appear. */
export function createChecker(): <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>) => FieldFault[] {
  const validator = createValidator();
  return (schema, message) => {
    const result = validator.validate(schema, message);
    if (result.kind === "error") throw result.error;
    return (result.violations ?? []).flatMap(({ field, message: text }) => {
      const last = field.findLast((step) => step.kind === "field");
      return last ? [{ field: last.localName, message: text }] : [];
    });
  };
}
