import type { Portable } from "#kit/portable/portable.ts";
import { postgresCollections } from "./portable.postgres.ts";

/** What cart keeps. */
export const portable: Portable = async ({ postgres }) => postgresCollections(postgres);
