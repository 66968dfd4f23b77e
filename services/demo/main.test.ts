import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
/** Where no shop is: it would wait there for minutes. */
const SHOP = { SHOP_URL: "http://127.0.0.1:1", ADMIN_PASSWORD: "of-my-own", LOG_LEVEL: "silent" };
const TIMEOUT_MS = 15_000;

test.each<[Readonly<Record<string, string>>]>([
  [{ ENVIRONMENT: "prod" }],
  [{ ENVIRONMENT: "dev", DEMO_CATALOGUE: "false" }],
])("with %o it ends well and says why it did nothing", { timeout: 2 * TIMEOUT_MS }, async (env) => {
  const options = { env: { PATH: process.env.PATH, ...SHOP, ...env }, timeout: TIMEOUT_MS };
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN], options);
  expect(stdout).toMatch(/^The shelves stay as they are: DEMO_CATALOGUE is false.*\n$/);
});

test("it goes to the shop outside dev where DEMO_CATALOGUE says so", { timeout: 2 * TIMEOUT_MS }, async () => {
  const env = { PATH: process.env.PATH, ENVIRONMENT: "prod", DEMO_CATALOGUE: "true" };
  const running = promisify(execFile)(process.execPath, [MAIN], { env, timeout: TIMEOUT_MS });
  await expect(running).rejects.toThrow("SHOP_URL is not set");
});
