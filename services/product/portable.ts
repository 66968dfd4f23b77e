import type { Portable } from "#kit/portable/portable.ts";
import { outboxCollections } from "#kit/portable/table.ts";
import { postgresCollections } from "./portable.postgres.ts";

/** What product keeps. */
export const portable: Portable = async ({ postgres }) => [
  ...postgresCollections(postgres),
  ...outboxCollections(postgres, "product"),
];
