import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { contractOf } from "#kit/testing/contract.ts";
import { ROOT } from "../contracts.ts";
import { meshOf } from "../model.ts";
import { readMesh } from "../shop.ts";
import { checkRules, PROMTOOL, REQUIRE_PROMTOOL, type Scenario, testRules } from "../testing/promtool.ts";
import { DASHBOARD_QUERIES } from "./slo/dashboard.ts";
import { RUNBOOK } from "./slo/rules.ts";
import { ruleGroups } from "./slo.ts";

const policy = { callers: ["edge"], user: User.ANY, timeout: { seconds: 5n } };
const objective = { latencyMs: 150, availability: 0.999 };

/** Say promises 99.9 % and 150 ms, Slow 2 s, Lax 90 %, Watch is a stream; Free promises nothing. */
const contract = contractOf([
  { name: "Say", policy: { ...policy, objective } },
  { name: "Slow", policy: { ...policy, objective: { ...objective, latencyMs: 2_000 } } },
  { name: "Lax", policy: { ...policy, objective: { ...objective, availability: 0.9 } } },
  { name: "Free", policy },
  { name: "Watch", policy: { callers: ["edge"], user: User.ANY, objective }, streams: true },
]);
const size = { cpuMillis: 10, memoryMiB: 64, memoryMaxMiB: 128 };
const mesh = meshOf([contract], { product: { store: "none", size } });

/** Calls of one kind: so many a minute, ended with this code, of which so many lay below bounds. */
interface Calls {
  readonly method?: string;
  readonly code?: string;
  readonly aMinute: number;
  readonly below?: Readonly<Record<string, number>>;
}

const ALIVE = { 'process_start_time_seconds{workload="product"}': "1x5000" };

/** The counters of some calls over some minutes. */
function traffic(minutes: number, ...calls: readonly Calls[]): Record<string, string> {
  const lines = calls.flatMap(({ method = "Say", code = "OK", aMinute, below = {} }) => {
    const labels = `workload="product",service="test.product.v1.EchoService",method="${method}",caller="edge",code="${code}"`;
    const counter = (name: string, perMinute: number) => [name, `0+${perMinute}x${minutes}`];
    return [
      counter(`rpc_server_duration_seconds_count{${labels}}`, aMinute),
      ...Object.entries(below).map(([le, count]) =>
        counter(`rpc_server_duration_seconds_bucket{${labels},le="${le}"}`, count),
      ),
    ];
  });
  return { ...Object.fromEntries(lines), ...ALIVE };
}

/** Days of metrics are many evaluations. */
const PROMTOOL_TIMEOUT_MS = 120_000;
const HOUR = 60;
const DAY = 24 * HOUR;
const inTime = { "0.1": 0, "0.15": 1_000, "0.2": 1_000 };
const ok: Calls = { aMinute: 1_000, below: inTime };
const page = (alert: string, method = "Say") => `${alert} page product ${method}`;
const ticket = (alert: string, method = "Say") => `${alert} ticket product ${method}`;

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "nothing, when all goes well": { series: traffic(HOUR, ok), minutes: HOUR, alerts: [] },
  "somebody at once, when the budget burns fast": {
    series: traffic(HOUR, ok, { code: "Internal", aMinute: 20 }),
    minutes: HOUR,
    alerts: [page("AvailabilityBudgetBurns"), ticket("AvailabilityBudgetBurns")],
  },
  "somebody at once, when it burns less fast for hours": {
    series: traffic(7 * HOUR, ok, { code: "DeadlineExceeded", aMinute: 8 }),
    minutes: 7 * HOUR,
    every: "5m",
    alerts: [page("AvailabilityBudgetBurns"), ticket("AvailabilityBudgetBurns")],
  },
  "nobody at night, when it burns slowly": {
    series: traffic(DAY, ok, { code: "Unavailable", aMinute: 4 }),
    minutes: DAY,
    every: "5m",
    alerts: [ticket("AvailabilityBudgetBurns")],
  },
  "somebody in the morning, when it would just not last the month": {
    series: traffic(3 * DAY, ok, { code: "Unknown", aMinute: 2 }),
    minutes: 3 * DAY,
    every: "5m",
    alerts: [ticket("AvailabilityBudgetBurns")],
  },
  "nobody, when it lasts": {
    series: traffic(DAY, ok, { code: "DataLoss", aMinute: 0.5 }),
    minutes: DAY,
    every: "5m",
    alerts: [],
  },
  "nobody for a single failure among few calls": {
    series: traffic(HOUR, { aMinute: 1 }, { code: "Internal", aMinute: 0.05 }),
    minutes: HOUR,
    alerts: [],
  },
  "nobody for what callers do wrong": {
    series: traffic(
      HOUR,
      ok,
      ...["NotFound", "InvalidArgument", "PermissionDenied", "ResourceExhausted", "Unauthenticated"].map((code) => ({
        code,
        aMinute: 500,
      })),
    ),
    minutes: HOUR,
    alerts: [],
  },
  "whoever is there to be told that a method with a low promise fails always": {
    series: traffic(HOUR, { method: "Lax", code: "Internal", aMinute: 100 }),
    minutes: HOUR,
    alerts: [page("AvailabilityBudgetBurns", "Lax"), ticket("AvailabilityBudgetBurns", "Lax")],
  },
  "nobody of a method that promises nothing": {
    series: traffic(HOUR, { method: "Free", code: "Internal", aMinute: 100 }),
    minutes: HOUR,
    alerts: [],
  },
  "somebody at once, when callers go away since nothing answers": {
    series: traffic(HOUR, { code: "Canceled", aMinute: 100, below: { "0.1": 0, "0.15": 0, "0.2": 0 } }),
    minutes: HOUR,
    alerts: [page("LatencyBudgetBurns"), ticket("LatencyBudgetBurns")],
  },
  "somebody at once, when too many callers wait in vain beside those that are answered": {
    series: traffic(HOUR, ok, { code: "Canceled", aMinute: 300, below: { "0.1": 20, "0.15": 50, "0.2": 60 } }),
    minutes: HOUR,
    alerts: [page("LatencyBudgetBurns"), ticket("LatencyBudgetBurns")],
  },
  "nobody, when callers go away early": {
    series: traffic(HOUR, ok, { code: "Canceled", aMinute: 300, below: { "0.1": 299, "0.15": 299, "0.2": 299 } }),
    minutes: HOUR,
    alerts: [],
  },
  "somebody at once, when too many answers are late": {
    series: traffic(HOUR, { aMinute: 1_000, below: { "0.1": 700, "0.15": 800, "0.2": 1_000 } }),
    minutes: HOUR,
    alerts: [page("LatencyBudgetBurns"), ticket("LatencyBudgetBurns")],
  },
  "somebody in the morning, when somewhat too many are": {
    series: traffic(DAY, { aMinute: 1_000, below: { "0.1": 700, "0.15": 960, "0.2": 1_000 } }),
    minutes: DAY,
    every: "5m",
    alerts: [ticket("LatencyBudgetBurns")],
  },
  "nobody, when 99 of 100 are in time": {
    series: traffic(DAY, { aMinute: 1_000, below: { "0.1": 0, "0.15": 992, "0.2": 992 } }),
    minutes: DAY,
    every: "5m",
    alerts: [],
  },
  "nobody, while some replicas know nothing of a new promise": {
    series: traffic(HOUR, ok, {
      aMinute: 1_000,
      code: "OK",
      method: "Slow",
      below: { "0.1": 0, "0.2": 0, "5": 1_000 },
    }),
    minutes: HOUR,
    alerts: [],
  },
  "somebody of late answers where bounds are written as Prometheus 2 does": {
    series: traffic(HOUR, { method: "Slow", aMinute: 100, below: { "1": 10, "2": 50, "5": 100 } }),
    minutes: HOUR,
    alerts: [page("LatencyBudgetBurns", "Slow"), ticket("LatencyBudgetBurns", "Slow")],
  },
  "somebody of late answers where bounds are written as Prometheus 3 does": {
    series: traffic(HOUR, { method: "Slow", aMinute: 100, below: { "1.0": 10, "2.0": 50, "5.0": 100 } }),
    minutes: HOUR,
    alerts: [page("LatencyBudgetBurns", "Slow"), ticket("LatencyBudgetBurns", "Slow")],
  },
  "nobody of streams that end with their service": {
    series: traffic(
      HOUR,
      { method: "Watch", code: "Unavailable", aMinute: 100, below: { "0.15": 100 } },
      { method: "Watch", code: "Canceled", aMinute: 100, below: { "0.15": 100 } },
    ),
    minutes: HOUR,
    alerts: [],
  },
  "somebody of streams that fail, or begin late": {
    series: traffic(
      HOUR,
      { method: "Watch", code: "Internal", aMinute: 100 },
      { method: "Watch", code: "Canceled", aMinute: 100, below: { "0.15": 50 } },
    ),
    minutes: HOUR,
    alerts: [
      page("AvailabilityBudgetBurns", "Watch"),
      ticket("AvailabilityBudgetBurns", "Watch"),
      page("LatencyBudgetBurns", "Watch"),
      ticket("LatencyBudgetBurns", "Watch"),
    ],
  },
  "nobody any more soon after it is over": {
    series: {
      ...traffic(2 * HOUR, ok),
      'rpc_server_duration_seconds_count{workload="product",service="test.product.v1.EchoService",method="Say",caller="edge",code="Internal"}':
        "0+20x60 1200x60",
    },
    minutes: HOUR + 40,
    // What burned in the first hour is still much for a day.
    alerts: [ticket("AvailabilityBudgetBurns")],
  },
  "somebody when a workload is gone": {
    series: { 'process_start_time_seconds{workload="cart"}': "1x20" },
    minutes: 10,
    alerts: ["WorkloadGone page product"],
  },
  "somebody when no browser's call arrives any more": {
    series: {
      ...ALIVE,
      'rpc_server_duration_seconds_count{workload="product",service="test.product.v1.EchoService",method="Free",caller="edge",code="OK"}':
        "0+600x120 72000x60",
    },
    minutes: 2 * HOUR + 20,
    alerts: ["EdgeSilent page"],
  },
  "somebody at once, when an engine is away for all replicas": {
    series: {
      ...ALIVE,
      'engine_state{workload="product",engine="mongodb",pod="a"}': "2 1 2 2 1 2 2 2 2 2",
      'engine_state{workload="product",engine="mongodb",pod="b"}': "2x10",
      'engine_state{workload="product",engine="kafka",pod="a"}': "0x10",
    },
    minutes: 9,
    alerts: ["EngineAway page product"],
  },
  "nobody, when an engine was away for a moment": {
    series: { ...ALIVE, 'engine_state{workload="product",engine="mongodb",pod="a"}': "0 2 0 0 2 0 0 2 0 0" },
    minutes: 9,
    alerts: [],
  },
  "somebody in the morning, when a single replica does not reach an engine": {
    series: {
      ...ALIVE,
      'engine_state{workload="product",engine="mongodb",pod="a"}': "2x30",
      'engine_state{workload="product",engine="mongodb",pod="b"}': "0x30",
    },
    minutes: 20,
    alerts: ["EngineOutOfReach ticket product"],
  },
  "somebody in the morning of events that do not leave, and that pile up": {
    series: {
      ...ALIVE,
      'events_outbox_age_seconds{workload="product",pod="a"}': "0+60x40",
      'events_lag_records{workload="product",topic="order-events",group="sales"}': "5000x40",
      'events_lag_records{workload="product",topic="user-events",group="sales"}': "5000x20 0x20",
    },
    minutes: 30,
    alerts: ["EventsPileUp ticket product", "EventsStayBehind ticket product"],
  },
  "somebody in the morning of overload, late loops, waiting, events set aside and restarts": {
    series: {
      ...traffic(HOUR, { method: "Free", aMinute: 100 }),
      'rpc_server_overloaded_total{workload="product"}': "0+10x60",
      'nodejs_eventloop_lag_p99_seconds{workload="product"}': "0.5x60",
      'postgres_pool_wait_seconds_total{workload="product"}': "0+180x60",
      'events_handled_total{workload="product",topic="order-events",group="sales",ending="set_aside"}': "0+1x60",
      'process_start_time_seconds{workload="product"}': "1+10x60",
    },
    minutes: HOUR,
    alerts: [
      "EventLoopLags ticket product",
      "EventsSetAside ticket product",
      "PostgresPoolExhausted ticket product",
      "WorkloadOverloaded ticket product",
      "WorkloadRestarts ticket product",
    ],
  },
};

describe.skipIf(PROMTOOL === undefined && !REQUIRE_PROMTOOL)("Prometheus' rules, by promtool", () => {
  it("are in order for the shop", async () => {
    expect(checkRules(ruleGroups(await readMesh()))).toBe("");
  });

  const groups = ruleGroups(mesh);
  it.each(Object.entries(SCENARIOS))("tell %s", { timeout: PROMTOOL_TIMEOUT_MS }, (name, scenario) => {
    expect(testRules(groups, name, scenario)).toBe("");
  });

  it("know what the dashboard asks for", async () => {
    const queries = DASHBOARD_QUERIES.map((it, at) => ({
      record: `query:${at}`,
      expr: it.replaceAll("$workload", "api"),
    }));
    expect(checkRules([{ name: "dashboard", rules: queries }])).toBe("");
    const recorded = ruleGroups(await readMesh()).flatMap((it) => (it.rules ?? []).map((rule) => rule.record));
    for (const [name] of DASHBOARD_QUERIES.join("\n").matchAll(/(?:method|slo):[\w:]+/g))
      expect(recorded).toContain(name);
  });

  it("are tested: an alert that does not come is noticed", () => {
    const calm = { series: traffic(HOUR, ok), minutes: HOUR, alerts: [page("AvailabilityBudgetBurns")] };
    expect(testRules(groups, "calm", calm)).toContain("AvailabilityBudgetBurns");
  });
});

describe("the alerts", () => {
  it("each have a section in the runbook", async () => {
    const sections = readFileSync(`${ROOT}/${RUNBOOK}`, "utf8").matchAll(/^## (\w+)$/gm);
    const names = ruleGroups(await readMesh()).flatMap((it) => (it.rules ?? []).flatMap((rule) => rule.alert ?? []));
    expect([...sections].map((it) => it[1]).toSorted()).toEqual([...new Set(names)].toSorted());
  });
});
