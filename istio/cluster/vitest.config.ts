import { defineConfig } from "vitest/config";

// The plain Envoy, then a cluster with Istio, named by KUBECONFIG: there one file runs all parts, in the order in which each
// finds what it needs.
export default defineConfig({
  test: {
    include: ["istio/cluster/*.test.ts", "istio/cluster/shop.cluster.ts"],
    fileParallelism: false,
    globalSetup: ["services/kit/testing/global-setup.ts"],
    expect: { poll: { timeout: 15_000 } },
    sequence: { concurrent: false, shuffle: false },
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
