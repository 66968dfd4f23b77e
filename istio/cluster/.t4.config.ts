import { defineConfig } from "vitest/config";

// Needs a cluster with Istio, named by KUBECONFIG. One file runs all parts, in the order in which each finds what it needs.
export default defineConfig({
  test: {
    include: ["istio/cluster/parts/canary.ts"],
    sequence: { concurrent: false, shuffle: false },
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
