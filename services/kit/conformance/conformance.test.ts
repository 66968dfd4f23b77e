import { beforeAll, describe, expect, it } from "vitest";
import { REQUIRE_GO_TOOLS } from "../testing/go-tool.ts";
import { buildDescriptorSet, findSuite, INSTALL, readReport, runSuite, type Suite } from "./suite.ts";

const found = findSuite();
const left = found === undefined && !REQUIRE_GO_TOOLS;
if (left) console.warn(`Connect's conformance suite was not found, so its tests are left out; get it by: ${INSTALL}`);

// The suite waits a while for each of many deadlines, and uploads much.
const RUN_TIMEOUT_MS = 300_000;

describe.skipIf(left)("Connect's conformance suite", () => {
  let suite: Suite;
  let descriptorSet: string;

  beforeAll(async () => {
    if (found === undefined) throw new Error(`Connect's conformance suite was not found; get it by: ${INSTALL}`);
    suite = found;
    descriptorSet = await buildDescriptorSet(suite);
  });

  it.each(["client", "server"] as const)("passes against our %s", { timeout: RUN_TIMEOUT_MS }, async (mode) => {
    const { passed, failed, notRun, report } = await runSuite(suite, mode, descriptorSet);
    expect({ failed, notRun }, report).toEqual({ failed: 0, notRun: 0 });
    expect(passed).toBeGreaterThan(0);
  });
});

describe("the suite's report", () => {
  it("says what passed, failed and was not run", () => {
    const report =
      "FAILED: a/b:\n\twrong\n\nTotal cases: 27\n21 passed, 6 failed\nAnother 3 could not be run due to x.\n";
    expect(readReport(report)).toEqual({ passed: 21, failed: 6, notRun: 3, report });
  });

  it("is missing when the suite broke off", () => {
    expect(() => readReport("panic: no such file")).toThrow("no such file");
  });
});
