import { Code } from "@connectrpc/connect";
import { CALL_DURATIONS_NAME } from "#kit/call-durations.ts";
import { SERVER_FAULTS } from "#kit/pipeline/access-log.ts";
import type { Mesh, MeshMethod } from "../../model.ts";
import { INTERVAL_SECONDS, type Rule, type RuleGroup, record, ruleGroup } from "./rules.ts";

/** A promise of the contract: what counts as broken, of what, and the share of it that may be. */
export interface Promised {
  /** Calls that broke the promise, per second. */
  readonly broken: string;
  /** Calls that it was made for, per second. */
  readonly all: string;
  /** The share broken within a time: `${ratio}1h`. */
  readonly ratio: string;
  /** The share that may be broken, by service and method. */
  readonly budget: string;
}

/** No fault of the service's own. */
export const AVAILABILITY: Promised = {
  broken: "method:rpc_faults:rate5m",
  all: "method:rpc_calls:rate5m",
  ratio: "method:rpc_faults:ratio",
  budget: "slo:rpc_faults:budget",
};

/** An answer in time. */
export const LATENCY: Promised = {
  broken: "method:rpc_late_answers:rate5m",
  all: "method:rpc_awaited:rate5m",
  ratio: "method:rpc_late_answers:ratio",
  budget: "slo:rpc_late_answers:budget",
};

export const PROMISES: readonly Promised[] = [AVAILABILITY, LATENCY];

/** Times that burn rates are looked at. Long ones take a rate of 5 minutes every 5 minutes, since they need not hurry. */
const WINDOWS = { "5m": "", "30m": "", "1h": "", "2h": "", "6h": ":5m", "1d": ":5m", "3d": ":5m" } as const;
export type Window = keyof typeof WINDOWS;
const STEP_SECONDS = { "": INTERVAL_SECONDS, ":5m": 300 } as const;

/** The contract's promise about latency is for 99 of 100 calls. */
const LATE_SHARE = 0.01;
/** Of streams, the ones whose end is no fault; for the bounds of buckets that a promise is about; the promise itself. */
const STREAM = "slo:rpc_stream";
const BOUND = "slo:rpc_answers:bound";
export const LATENCY_SECONDS = "slo:rpc_answers:objective_seconds";
/** Calls that were answered, and calls whose caller went away later than it was promised an answer. */
const ANSWERS = "method:rpc_answers:rate5m";
const LEFT_LATE = "method:rpc_left_late:rate5m";
const BUDGET_LEFT_DAYS = 30;
const BUDGET_LEFT_INTERVAL_SECONDS = 600;

const MS_PER_SECOND = 1_000;
const BY = "by (workload, service, method)";
const ON = "on (service, method)";
const COUNT = `${CALL_DURATIONS_NAME}_count`;
const BUCKET = `${CALL_DURATIONS_NAME}_bucket`;

/** Every method once, whichever workloads serve it. */
function promisingMethods({ workloads }: Mesh): MeshMethod[] {
  const byPath = new Map(workloads.flatMap((it) => it.methods).map((it) => [it.path, it]));
  return [...byPath.values()].filter((it) => it.objective !== undefined);
}

/** A bound as it stands in a bucket's label: as the service writes it, and as Prometheus 3 does. */
function boundLabels(seconds: number): string[] {
  return Number.isInteger(seconds) ? [`${seconds}`, `${seconds}.0`] : [`${seconds}`];
}

/** What the contracts promise, as series, so that the rules that follow are the same for all methods. */
function promises(mesh: Mesh): Rule[] {
  return promisingMethods(mesh).flatMap(({ service, name: method, kind, objective }) => {
    if (objective === undefined) return [];
    const labels = { service, method };
    const seconds = objective.latencyMs / MS_PER_SECOND;
    const mayFail = Number((1 - objective.availability).toFixed(9));
    return [
      record(AVAILABILITY.budget, `vector(${mayFail})`, labels),
      record(LATENCY.budget, `vector(${LATE_SHARE})`, labels),
      record(LATENCY_SECONDS, `vector(${seconds})`, labels),
      ...boundLabels(seconds).map((le) => record(BOUND, "vector(1)", { ...labels, le })),
      ...(kind === "unary" ? [] : [record(STREAM, "vector(1)", labels)]),
    ];
  });
}

const faultCodes = [...SERVER_FAULTS].filter((it) => it !== Code.Unavailable).map((it) => Code[it]);

/**
 * Rates by workload and method.
 *
 * A stream that ends UNAVAILABLE was ended by its service's stop, or by the loss of its store: clients go on elsewhere, and
 * every rolling update ends all of them, so it is no fault; and what is promised of a stream is its first message, however it
 * ended after that. A caller that goes away later than it was promised an answer got none in time; one that goes away
 * before does not count.
 */
function rates(): Rule[] {
  const answered = (metric: string) => `(
    rate(${metric}{code="OK"}[5m])
    or
    rate(${metric}{code=~"${Code[Code.Canceled]}|${Code[Code.Unavailable]}"}[5m]) and ${ON} ${STREAM}
  )`;
  const left = (metric: string) => `(rate(${metric}{code="${Code[Code.Canceled]}"}[5m]) unless ${ON} ${STREAM})`;
  const within = `* on (service, method, le) group_left () ${BOUND}`;
  // While a new objective is rolled out, the replicas before know nothing of its bound.
  const measured = `and ignoring (le) (rate(${BUCKET}[5m]) and on (service, method, le) ${BOUND})`;
  return [
    record(AVAILABILITY.all, `sum ${BY} (rate(${COUNT}[5m]))`),
    record(
      AVAILABILITY.broken,
      `sum ${BY} (
  rate(${COUNT}{code=~"${faultCodes.join("|")}"}[5m])
  or
  rate(${COUNT}{code="${Code[Code.Unavailable]}"}[5m]) unless ${ON} ${STREAM}
)
or
0 * ${AVAILABILITY.all}`,
    ),
    record(ANSWERS, `sum ${BY} (\n  ${answered(COUNT)}\n  ${measured}\n)`),
    record(
      LEFT_LATE,
      `clamp_min(
  sum ${BY} (${left(COUNT)} ${measured})
  - sum ${BY} (${left(BUCKET)} ${within}),
0)`,
    ),
    record(LATENCY.all, `${ANSWERS} + ${LEFT_LATE}\nor ${ANSWERS}\nor ${LEFT_LATE}`),
    record(
      LATENCY.broken,
      `clamp_min(
  ${LATENCY.all}
  - (sum ${BY} (\n    ${answered(BUCKET)}\n    ${within}\n  ) or 0 * ${LATENCY.all}),
0)`,
    ),
  ];
}

function sumWithin(rate: string, window: Window): string {
  return `sum_over_time(${rate}[${window}${WINDOWS[window]}])`;
}

/** The share of broken promises within each time, from sums of rates: hours with more calls count for more. */
function ratios({ broken, all, ratio }: Promised): Rule[] {
  return (Object.keys(WINDOWS) as Window[]).map((it) =>
    it === "5m"
      ? record(`${ratio}${it}`, `${broken} / (${all} > 0)`)
      : record(`${ratio}${it}`, `${sumWithin(broken, it)} / (${sumWithin(all, it)} > 0)`),
  );
}

/** How many promises were broken within a time. */
export function brokenWithin({ broken }: Promised, window: Window): string {
  return `${STEP_SECONDS[WINDOWS[window]]} * ${sumWithin(broken, window)}`;
}

/** The share of the budget that is left of the last 30 days'; below zero it is overdrawn. */
export function budgetLeft({ ratio }: Promised): string {
  return `${ratio.replace(/:ratio$/, ":budget_left")}${BUDGET_LEFT_DAYS}d`;
}

function budgets(promised: Promised): Rule {
  const { broken, all, budget } = promised;
  const within = `[${BUDGET_LEFT_DAYS}d:5m]`;
  return record(
    budgetLeft(promised),
    `1 - sum_over_time(${broken}${within}) / (sum_over_time(${all}${within}) > 0) / ${ON} group_left () ${budget}`,
  );
}

/** Everything that alerts and dashboards are made from. */
export function recordingGroups(mesh: Mesh): RuleGroup[] {
  return [
    ruleGroup("shopmesh-promises", promises(mesh)),
    ruleGroup("shopmesh-rates", [...rates(), ...PROMISES.flatMap(ratios)]),
    ruleGroup("shopmesh-budgets", PROMISES.map(budgets), BUDGET_LEFT_INTERVAL_SECONDS),
  ];
}
