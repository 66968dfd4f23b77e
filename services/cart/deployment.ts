import type { Deployment } from "#kit/deployment.ts";

/** Small calls, many of them. */
export const deployment: Deployment = {
  store: "postgres",
  engines: [{ keeps: "data", on: "redis" }],
  size: { cpuMillis: 100, memoryMiB: 128, memoryMaxMiB: 384 },
};
