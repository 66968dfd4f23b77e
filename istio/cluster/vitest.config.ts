import { defineConfig } from "vitest/config";

// Needs a cluster with Istio, named by KUBECONFIG. One file runs all its parts, in the order in which each finds what it needs;
// another one has the shop on engines outside the cluster. Beside them, without a cluster: the same edge as a plain Envoy.
export default defineConfig({
  test: {
    include: ["istio/cluster/*.cluster.ts", "istio/cluster/*.test.ts"],
    globalSetup: ["services/kit/testing/global-setup.ts"],
    fileParallelism: false,
    expect: { poll: { timeout: 15_000 } },
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
