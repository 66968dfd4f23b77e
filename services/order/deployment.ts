import type { Deployment } from "#kit/deployment.ts";

/** The checkout. */
export const deployment: Deployment = {
  store: "postgres",
  engines: [{ keeps: "events", on: "kafka" }],
  size: { cpuMillis: 150, memoryMiB: 192, memoryMaxMiB: 512 },
};
