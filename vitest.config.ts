import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{services,scripts,web,istio,bench}/**/*.test.{ts,tsx}"],
    // Needs a cluster: `npm run test:cluster`; needs real engines: `npm run test:engines`.
    exclude: ["**/node_modules/**", "istio/cluster/**", "**/*.engines.test.ts"],
    // One PostgreSQL for the whole run; each test file gets a database of its own.
    globalSetup: ["services/kit/testing/global-setup.ts"],
    // Files run two at a time even on two cores: most of them wait for sockets and other processes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // What is waited for comes when it comes; on a busy machine that is late.
    expect: { poll: { timeout: 15_000 } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
