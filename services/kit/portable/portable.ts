import type { Logger } from "pino";
import type { Settings } from "../settings.ts";
import type { Collection } from "./collection.ts";
import type { PostgresSession } from "./session.ts";

/** What a service finds its collections with. */
export interface PortableContext {
  /** Which engine keeps what. */
  readonly settings: Settings;
  /** All of the shop's PostgreSQL: at one moment where it is only read. */
  readonly postgres: PostgresSession;
  /** Whether it is only read, and may change meanwhile; otherwise nobody else writes to it. */
  readonly isRead: boolean;
  readonly log: Logger;
  /** Something to close when the work is done; last registered, first closed. */
  onClose(close: () => Promise<void> | void): void;
}

/**
 * What a service keeps, on the engines that the settings name; in the order to write it: what refers to something comes
 * after it. Each service's `portable.ts` exports one.
 */
export type Portable = (context: PortableContext) => Promise<readonly Collection[]>;
