import { describe, expect, it } from "vitest";
import { setContractCheck } from "../lib/contract-check.ts";
import { STAGE_MS, stage } from "../stage.ts";
import { meshVerdict } from "../table/cells.ts";
import { FAULTS_SHOWN, report } from "../table/report.ts";
import { runTable } from "../table/run.ts";

describe("the mesh alone", () => {
  it("holds to the table, whose processes check nothing", { timeout: STAGE_MS }, async () => {
    const { mesh, runner, tokens } = await stage();
    await setContractCheck({ mesh }, "off");
    const result = await runTable({ mesh, runner, tokens: await tokens(), expected: meshVerdict });
    report("with the check in the process off", result);
    expect(result.faults.slice(0, FAULTS_SHOWN)).toEqual([]);
  });
});
