import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{services,scripts,web,istio}/**/*.test.{ts,tsx}"],
    // One PostgreSQL for the whole run; each test file gets a database of its own.
    globalSetup: ["services/kit/testing/global-setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
