import type { IPrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";

/** Rules that are evaluated together, as Prometheus and its operator have them. */
export type RuleGroup = NonNullable<IPrometheusRule["spec"]["groups"]>[number];
export type Rule = NonNullable<RuleGroup["rules"]>[number];

/** "page" wakes somebody; "ticket" waits for the morning. */
export type Severity = "page" | "ticket";

/** Seconds between two evaluations; how many calls there were is counted in it. */
export const INTERVAL_SECONDS = 30;

/** The name of the dashboard's file, title and address. */
export const DASHBOARD = { uid: "shopmesh-services", title: "Shopmesh: services" } as const;
/** What to do about each alert; an alert's section has its name. */
export const RUNBOOK = "docs/runbook.md";

/** A group of this name whose rules are evaluated every so many seconds. */
export function ruleGroup(name: string, rules: Rule[], seconds = INTERVAL_SECONDS): RuleGroup {
  return { name, interval: `${seconds}s`, rules };
}

/** A recording rule. */
export function record(name: string, expression: string, labels?: Record<string, string>): Rule {
  return { record: name, expr: expression, ...(labels && { labels }) };
}

/** An alert. Its text may name the series' labels as Prometheus' templates do. */
export function alert(
  name: string,
  severity: Severity,
  expression: string,
  text: { summary: string; description: string; lastsMinutes?: number; labels?: Record<string, string> },
): Rule {
  return {
    alert: name,
    expr: expression,
    ...(text.lastsMinutes !== undefined && { for: `${text.lastsMinutes}m` }),
    labels: { severity, ...text.labels },
    annotations: {
      summary: text.summary,
      description: text.description,
      runbook: `${RUNBOOK}#${name.toLowerCase()}`,
      dashboard: `/d/${DASHBOARD.uid}?var-workload={{ $labels.workload }}`,
    },
  };
}
