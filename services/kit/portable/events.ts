import type { Queryable } from "../postgres/database.ts";
import type { Settings } from "../settings.ts";
import type { Collection } from "./collection.ts";
import { tableCollection } from "./table.ts";

const schema = "events";

/** PostgreSQL's event log: what was published lately, and how far each group has come. */
export function eventLogCollections(database: Queryable, _settings: Settings): readonly Collection[] {
  return [
    tableCollection(database, { schema, table: "topics", key: ["name"] }),
    tableCollection(database, { schema, table: "records", key: ["topic", "position"] }),
    // Who works for a group is nobody's business but the processes'.
    tableCollection(database, {
      schema,
      table: "consumer_groups",
      key: ["topic", "name"],
      omit: ["holder", "lease_until"],
    }),
  ];
}
