import type { Deployment } from "#kit/deployment.ts";

/** Makes the sizes that browsers ask for: all who ask for one at the same time come to the same replica, which makes it once. */
export const deployment: Deployment = {
  store: "postgres",
  engines: [{ keeps: "data", on: "s3", settings: { IMAGE_STORE: "s3" } }],
  size: { cpuMillis: 250, memoryMiB: 192, memoryMaxMiB: 768 },
  settings: { IMAGE_STORE: "postgres" },
  http: [{ path: "/images/", callers: ["edge"] }],
  affinity: "path",
};
