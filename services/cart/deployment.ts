import type { Deployment } from "#kit/deployment.ts";

/** Small calls, many of them. */
export const deployment: Deployment = {
  store: "postgres",
  size: { cpuMillis: 50, memoryMiB: 128, memoryMaxMiB: 384 },
};
