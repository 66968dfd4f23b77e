import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { findGoTool } from "#kit/testing/go-tool.ts";
import type { RuleGroup } from "../emit/slo/rules.ts";

/** Prometheus' own tool for rules (Debian: `prometheus`); undefined where it is not installed. */
export const PROMTOOL = findGoTool("promtool");
/** Whether tests fail for want of it, in place of being left out. */
export const REQUIRE_PROMTOOL = process.env.REQUIRE_PROMTOOL === "true";

/** What Prometheus sees over some time, and the alerts that must fire at the end of it. */
export interface Scenario {
  /** Metric with labels → values in promtool's notation, one a minute: "0+5x60". */
  readonly series: Readonly<Record<string, string>>;
  readonly minutes: number;
  /** How often rules are evaluated; what takes days is looked at as seldom as the long windows do. */
  readonly every?: "30s" | "5m";
  /** Sorted: "AvailabilityBudgetBurns page product Say". */
  readonly alerts: readonly string[];
}

const FIRING = 'count by (alertname, severity, workload, method) (ALERTS{alertstate="firing"})';

function testOf(name: string, { series, minutes, alerts }: Scenario) {
  return {
    name,
    interval: "1m",
    input_series: Object.entries(series).map(([key, values]) => ({ series: key, values })),
    promql_expr_test: [
      {
        expr: FIRING,
        eval_time: `${minutes}m`,
        exp_samples: alerts.map((it) => {
          const [alertname, severity, workload, method] = it.split(" ");
          const labels = { alertname, method, severity, workload };
          const known = Object.entries(labels).filter(([, value]) => value !== undefined);
          return { labels: `{${known.map(([key, value]) => `${key}="${value}"`).join(", ")}}`, value: 1 };
        }),
      },
    ],
  };
}

/** Runs promtool with files in a folder of their own. @returns what it complains of; empty when all is well. */
function promtool(files: Readonly<Record<string, object>>, ...args: string[]): string {
  if (PROMTOOL === undefined) throw new Error("promtool is not installed (Debian: apt install prometheus)");
  const folder = mkdtempSync(join(tmpdir(), "shopmesh-rules-"));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), stringify(content));
    const { status, stdout, stderr } = spawnSync(PROMTOOL, args, { cwd: folder, encoding: "utf8" });
    return status === 0 ? "" : `${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What `promtool check rules` finds wrong. */
export function checkRules(groups: readonly RuleGroup[]): string {
  return promtool({ "rules.yaml": { groups } }, "check", "rules", "--lint-fatal", "rules.yaml");
}

/** What `promtool test rules` finds different from what was expected. */
export function testRules(groups: readonly RuleGroup[], name: string, scenario: Scenario): string {
  const tests = {
    rule_files: ["rules.yaml"],
    evaluation_interval: scenario.every ?? "30s",
    tests: [testOf(name, scenario)],
  };
  return promtool({ "rules.yaml": { groups }, "tests.yaml": tests }, "test", "rules", "tests.yaml");
}
