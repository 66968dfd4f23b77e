import { defineConfig } from "vitest/config";

// What needs real servers: `npm run test:engines`. They are installed where they are missing, and started and ended by the tests.
export default defineConfig({
  test: {
    include: ["{services,istio}/**/*.engines.test.ts"],
    globalSetup: ["services/kit/testing/global-setup.ts", "services/kit/testing/engines/global-setup.ts"],
    // Every file waits for servers most of the time.
    maxWorkers: 2,
    // What is waited for comes when it comes; on a busy machine that is late.
    expect: { poll: { timeout: 15_000 } },
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
