import type { Deployment } from "#kit/deployment.ts";

/** The checkout. */
export const deployment: Deployment = {
  store: "postgres",
  size: { cpuMillis: 150, memoryMiB: 128, memoryMaxMiB: 384 },
};
