import { describe, expect, it } from "vitest";
import { STAGE_MS, stage } from "../stage.ts";
import { callersOfTable, meshVerdict, plainHttpOf } from "../table/cells.ts";
import { FAULTS_SHOWN, report } from "../table/report.ts";
import { runTable } from "../table/run.ts";

describe("the table: every RPC × every workload × every token", () => {
  it("is the contract's as deployed, refused by the mesh before any service hears of it", {
    timeout: STAGE_MS,
  }, async () => {
    const { mesh, runner, tokens } = await stage();
    const result = await runTable({ mesh, runner, tokens: await tokens(), expected: meshVerdict });
    report("as deployed", result);
    expect(result.faults.slice(0, FAULTS_SHOWN)).toEqual([]);
  });

  it("says also who may ask for what is no RPC: the web app, pictures, keys", { timeout: STAGE_MS }, async () => {
    const { mesh, runner, tokens } = await stage();
    const result = await runTable({
      mesh: plainHttpOf(mesh),
      runner,
      tokens: await tokens(),
      expected: meshVerdict,
      part: { callers: callersOfTable(mesh), tokens: ["no token"] },
    });
    report("plain HTTP beside the RPCs", result);
    expect(result.faults.slice(0, FAULTS_SHOWN)).toEqual([]);
  });
});
