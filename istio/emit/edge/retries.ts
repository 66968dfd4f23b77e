import { RETRY } from "../traffic/treatment.ts";

const STATUS = /^\d+$/;

/** What is sent again, the way Envoy says it: its own conditions, and statuses beside them. */
export const envoyRetryOn = {
  conditions: [...RETRY.on.filter((it) => !STATUS.test(it)), "retriable-status-codes"],
  statusCodes: RETRY.on.filter((it) => STATUS.test(it)).map(Number),
} as const;
