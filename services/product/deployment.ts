import type { Deployment } from "#kit/deployment.ts";

/** Most of what a shop reads. */
export const deployment: Deployment = {
  store: "postgres",
  engines: [
    { keeps: "data", on: "mongodb" },
    { keeps: "events", on: "kafka" },
  ],
  size: { cpuMillis: 200, memoryMiB: 192, memoryMaxMiB: 512 },
};
