import type { Deployment } from "#kit/deployment.ts";

/** Hashes passwords, so that a burst of sign-ins needs CPU. */
export const deployment: Deployment = {
  store: "postgres",
  engines: [{ keeps: "events", on: "kafka" }],
  size: { cpuMillis: 300, memoryMiB: 192, memoryMaxMiB: 512 },
  secrets: { ADMIN_EMAIL: "admin@shopmesh.example", ADMIN_PASSWORD: "shopmesh-dev" },
  http: [{ path: "/.well-known/jwks.json", callers: ["*"] }],
  publishesKeys: "/.well-known/jwks.json",
};
