import { CALL_DURATIONS_NAME } from "#kit/call-durations.ts";
import type { Mesh } from "../../model.ts";
import { AVAILABILITY, budgetLeft, LATENCY, LATENCY_SECONDS } from "./recording.ts";
import { DASHBOARD } from "./rules.ts";

/** A query and what its series are called. */
interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** A panel of the dashboard: what it shows, and in which unit. */
interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: "reqps" | "percentunit" | "s" | "bytes" | "short";
  readonly queries: readonly Query[];
  /** Marked with a line: beyond it is bad. */
  readonly limit?: number;
}

const CHOSEN = '{workload="$workload"}';
const COUNT = `${CALL_DURATIONS_NAME}_count`;
const BUCKET = `${CALL_DURATIONS_NAME}_bucket`;

/** What is shown of each workload, three panels a line. */
const PANELS: readonly Panel[] = [
  {
    title: "Calls",
    description: "By method, per second.",
    unit: "reqps",
    queries: [{ expr: `sum by (method) (${AVAILABILITY.all}${CHOSEN})`, legend: "{{method}}" }],
  },
  {
    title: "Calls by caller",
    description: "Which workloads call, per second; edge is the ingress.",
    unit: "reqps",
    queries: [{ expr: `sum by (caller) (rate(${COUNT}${CHOSEN}[5m]))`, legend: "{{caller}}" }],
  },
  {
    title: "Failures by code",
    description: "All that did not end well, also by the caller's fault, per second.",
    unit: "reqps",
    queries: [{ expr: `sum by (code) (rate(${COUNT}{workload="$workload", code!="OK"}[5m]))`, legend: "{{code}}" }],
  },
  {
    title: "Failed by its own fault",
    description: "The share of calls that the objective counts as failed.",
    unit: "percentunit",
    queries: [{ expr: `${AVAILABILITY.ratio}5m${CHOSEN}`, legend: "{{method}}" }],
  },
  {
    title: "99 of 100 answers, of what was promised",
    description:
      "The time within which 99 of 100 were answered, as a share of the objective: above 100 % it is broken.",
    unit: "percentunit",
    queries: [
      {
        expr: `histogram_quantile(0.99, sum by (service, method, le) (rate(${BUCKET}{workload="$workload", code="OK"}[5m])))
  / on (service, method) ${LATENCY_SECONDS}`,
        legend: "{{method}}",
      },
    ],
    limit: 1,
  },
  {
    title: "Budget left of 30 days",
    description: "Of what may fail and of what may be late; below zero it is overdrawn.",
    unit: "percentunit",
    queries: [
      { expr: `${budgetLeft(AVAILABILITY)}${CHOSEN}`, legend: "{{method}} (failures)" },
      { expr: `${budgetLeft(LATENCY)}${CHOSEN}`, legend: "{{method}} (late)" },
    ],
    limit: 0,
  },
  {
    title: "Event loop",
    description: "How late work is done in each replica, 99 of 100 times.",
    unit: "s",
    queries: [{ expr: `nodejs_eventloop_lag_p99_seconds${CHOSEN}`, legend: "{{pod}}" }],
  },
  {
    title: "Memory",
    description: "Resident memory of each replica.",
    unit: "bytes",
    queries: [{ expr: `process_resident_memory_bytes${CHOSEN}`, legend: "{{pod}}" }],
  },
  {
    title: "Refused and waiting",
    description: "Calls refused since there was too much to do, per second, and calls that wait for PostgreSQL.",
    unit: "short",
    queries: [
      { expr: `sum(rate(rpc_server_overloaded_total${CHOSEN}[5m]))`, legend: "refused" },
      { expr: `sum(rate(postgres_pool_wait_seconds_total${CHOSEN}[5m]))`, legend: "waiting" },
    ],
  },
  {
    title: "Engines",
    description: "What it keeps its data on, as its replicas see it: 0 is there, 1 is tried at the moment, 2 is away.",
    unit: "short",
    queries: [{ expr: `max by (engine) (engine_state${CHOSEN})`, legend: "{{engine}}" }],
    limit: 1,
  },
  {
    title: "Time of 99 of 100 operations on engines",
    description: "What it waits for them; those that ran out of time included.",
    unit: "s",
    queries: [
      {
        expr: `histogram_quantile(0.99, sum by (engine, le) (rate(engine_operation_seconds_bucket${CHOSEN}[5m])))`,
        legend: "{{engine}}",
      },
    ],
  },
  {
    title: "Events behind",
    description: "How long the oldest one waits to be published, and what each group has not handled yet.",
    unit: "short",
    queries: [
      { expr: `max(events_outbox_age_seconds${CHOSEN})`, legend: "seconds until published" },
      { expr: `max by (topic, group) (events_lag_records${CHOSEN})`, legend: "{{group}} of {{topic}}" },
    ],
  },
];

const PANELS_A_LINE = 3;
const WIDTH = 24;
const HEIGHT = 8;
const SOURCE = { type: "prometheus", uid: "$source" } as const;

function panelJson({ title, description, unit, queries, limit }: Panel, at: number): object {
  const width = WIDTH / PANELS_A_LINE;
  const line = Math.floor(at / PANELS_A_LINE);
  const steps = [{ color: "green", value: null }, ...(limit === undefined ? [] : [{ color: "red", value: limit }])];
  return {
    id: at + 2,
    type: "timeseries",
    title,
    description,
    datasource: SOURCE,
    gridPos: { x: (at % PANELS_A_LINE) * width, y: 1 + line * HEIGHT, w: width, h: HEIGHT },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
    })),
    fieldConfig: {
      defaults: {
        unit,
        thresholds: { mode: "absolute", steps },
        custom: { thresholdsStyle: { mode: limit === undefined ? "off" : "line" } },
      },
      overrides: [],
    },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
  };
}

/** All queries of the dashboard. */
export const DASHBOARD_QUERIES: readonly string[] = PANELS.flatMap((it) => it.queries.map(({ expr }) => expr));

/** One row of panels for each workload that is chosen, as Grafana imports it. */
export function dashboardOf({ workloads }: Mesh): object {
  const names = workloads.map((it) => it.name);
  const row = { id: 1, type: "row", title: "$workload", repeat: "workload", gridPos: { x: 0, y: 0, w: WIDTH, h: 1 } };
  return {
    uid: DASHBOARD.uid,
    title: DASHBOARD.title,
    tags: ["shopmesh"],
    schemaVersion: 39,
    editable: false,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    templating: {
      list: [
        { name: "source", label: "Prometheus", type: "datasource", query: "prometheus" },
        {
          name: "workload",
          label: "Workload",
          type: "custom",
          query: names.join(","),
          multi: true,
          includeAll: true,
          current: { text: ["All"], value: ["$__all"] },
          options: names.map((it) => ({ text: it, value: it, selected: false })),
        },
      ],
    },
    panels: [row, ...PANELS.map(panelJson)],
  };
}
