import type { Portable } from "#kit/portable/portable.ts";
import { outboxCollections, tableCollection } from "#kit/portable/table.ts";

const schema = "auth";

/** What auth keeps; it is in PostgreSQL wherever the rest is. Password hashes and the keys that sign tokens are among it. */
export const portable: Portable = async ({ postgres }) => [
  tableCollection(postgres, { schema, table: "users", key: ["user_id"] }),
  tableCollection(postgres, { schema, table: "sessions", key: ["session_id"] }),
  tableCollection(postgres, { schema, table: "refresh_tokens", key: ["token_hash"] }),
  tableCollection(postgres, { schema, table: "sign_in_attempts", key: ["email_hash"] }),
  tableCollection(postgres, { schema, table: "signing_keys", key: ["kid"] }),
  ...outboxCollections(postgres, schema),
];
