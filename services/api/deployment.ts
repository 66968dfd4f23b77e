import type { Deployment } from "#kit/deployment.ts";

/** Puts pages together from other services' answers; keeps nothing. */
export const deployment: Deployment = {
  store: "none",
  size: { cpuMillis: 200, memoryMiB: 128, memoryMaxMiB: 384 },
};
