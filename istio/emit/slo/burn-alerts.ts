import { AVAILABILITY, brokenWithin, LATENCY, type Promised, type Window } from "./recording.ts";
import { alert, type Rule, type RuleGroup, ruleGroup, type Severity } from "./rules.ts";

/** How many times faster than allowed a budget burns over both a long and a short time, so that the alert ends soon after. */
interface Burn {
  readonly factor: number;
  readonly long: Window;
  readonly short: Window;
}

/** The table of Google's SRE workbook, chapter "Alerting on SLOs": 2 % of a month's budget in an hour, and so on. */
const BURNS: Readonly<Record<Severity, readonly Burn[]>> = {
  page: [
    { factor: 14.4, long: "1h", short: "5m" },
    { factor: 6, long: "6h", short: "30m" },
  ],
  ticket: [
    { factor: 3, long: "1d", short: "2h" },
    { factor: 1, long: "3d", short: "6h" },
  ],
};

/** Of few calls, a single one that fails is a large share: so many must have failed within the long time. */
const BROKEN_MIN = 10;
/** A threshold that no share of calls could pass would never alert: this one is passed by what fails always. */
const THRESHOLD_MAX = 0.99;

function burns(promised: Promised, { factor, long, short }: Burn): string {
  const threshold = `on (service, method) group_left () clamp_max(${factor} * ${promised.budget}, ${THRESHOLD_MAX})`;
  return `(
  ${promised.ratio}${long}
    > ${threshold}
  and
  ${promised.ratio}${short}
    > ${threshold}
  and
  ${brokenWithin(promised, long)} >= ${BROKEN_MIN}
)`;
}

function burnAlert(name: string, promised: Promised, severity: Severity, what: string): Rule {
  const expression = BURNS[severity].map((it) => burns(promised, it)).join("\nor\n");
  const haste = severity === "page" ? "within days" : "before the month is over";
  return alert(name, severity, expression, {
    summary: `{{ $labels.workload }}: {{ $labels.method }} ${what}`,
    description: `Of the calls of {{ $labels.service }}/{{ $labels.method }}, {{ $value | humanizePercentage }} ${what}. At this rate the budget of its objective is used up ${haste}.`,
  });
}

/** Alerts on how fast the budgets of the contracts' objectives burn. */
export function burnAlerts(): RuleGroup {
  return ruleGroup(
    "shopmesh-burn-rates",
    (["page", "ticket"] as const).flatMap((severity) => [
      burnAlert("AvailabilityBudgetBurns", AVAILABILITY, severity, "failed by the service's own fault"),
      burnAlert("LatencyBudgetBurns", LATENCY, severity, "came later than promised"),
    ]),
  );
}
