import { CALL_DURATIONS_NAME } from "#kit/call-durations.ts";
import { EDGE, type Mesh, type MeshWorkload } from "../../model.ts";
import { alert, type Rule, type RuleGroup, ruleGroup } from "./rules.ts";

const CALLS = `${CALL_DURATIONS_NAME}_count`;
const OVERLOADED_SHARE = 0.01;
const LOOP_DELAY_SECONDS = 0.25;
const WAITING_MAX = 1;
const RESTARTS_MAX = 3;
/** An event that waited so long in its outbox: nobody takes it. */
const OUTBOX_AGE_MAX_SECONDS = 300;
/** So many events are not handled at any moment of a quarter of an hour: whoever handles them does not keep up. */
const LAG_MAX_RECORDS = 1_000;
/** Of `engine_state`: 0 is there, 1 is tried at the moment, 2 is away. */
const AWAY = "> 0";
/** Below so many calls a second nobody can tell silence from a quiet night. */
const BUSY_CALLS_PER_SECOND = 1;

/** Nothing is there to tell of its absence, so that each workload has a rule of its own. */
function gone({ name }: MeshWorkload): Rule {
  return alert("WorkloadGone", "page", `absent(process_start_time_seconds{workload="${name}"})`, {
    summary: `${name}: no replica reports`,
    description: `No replica of ${name} was seen by Prometheus for 5 minutes: none runs, or none can be scraped.`,
    lastsMinutes: 5,
    labels: { workload: name },
  });
}

const ALERTS: readonly Rule[] = [
  alert(
    "EdgeSilent",
    "page",
    `sum(rate(${CALLS}{caller="${EDGE}"}[10m])) == 0
and
sum(rate(${CALLS}{caller="${EDGE}"}[1h] offset 1h)) > ${BUSY_CALLS_PER_SECOND}`,
    {
      summary: "No browser's call arrives any more",
      description:
        "An hour ago the edge passed on calls; now it passes on none. Look at the ingress, its certificate and DNS.",
      lastsMinutes: 5,
    },
  ),
  alert(
    "WorkloadOverloaded",
    "ticket",
    `sum by (workload) (rate(rpc_server_overloaded_total[5m]))
  / sum by (workload) (rate(${CALLS}[5m]))
  > ${OVERLOADED_SHARE}`,
    {
      summary: "{{ $labels.workload }} refuses calls, since it has too much to do",
      description:
        "{{ $value | humanizePercentage }} of the calls of {{ $labels.workload }} are refused: it needs more replicas, or a caller asks too much.",
      lastsMinutes: 10,
    },
  ),
  alert("EventLoopLags", "ticket", `max by (workload) (nodejs_eventloop_lag_p99_seconds) > ${LOOP_DELAY_SECONDS}`, {
    summary: "{{ $labels.workload }}: a replica's event loop is late",
    description:
      "In a replica of {{ $labels.workload }} work waits {{ $value | humanizeDuration }} for its turn: something computes without a pause, or the CPU is too small.",
    lastsMinutes: 10,
  }),
  alert(
    "PostgresPoolExhausted",
    "ticket",
    `sum by (workload) (rate(postgres_pool_wait_seconds_total[5m])) > ${WAITING_MAX}`,
    {
      summary: "{{ $labels.workload }} waits for connections to PostgreSQL",
      description:
        "At any moment {{ $value | humanize }} calls of {{ $labels.workload }} wait for a connection: the statements take long, or the pool is too small.",
      lastsMinutes: 10,
    },
  ),
  alert("EngineAway", "page", `min by (workload, engine) (engine_state) ${AWAY}`, {
    summary: "{{ $labels.workload }}: {{ $labels.engine }} is away",
    description:
      "No replica of {{ $labels.workload }} reaches {{ $labels.engine }}: what needs it is refused, until it is there again.",
    lastsMinutes: 2,
  }),
  alert(
    "EngineOutOfReach",
    "ticket",
    `max by (workload, engine) (engine_state) ${AWAY}
unless
min by (workload, engine) (engine_state) ${AWAY}`,
    {
      summary: "{{ $labels.workload }}: a replica does not reach {{ $labels.engine }}",
      description:
        "A replica of {{ $labels.workload }} does not reach {{ $labels.engine }}, while others do: look at its node and its network.",
      lastsMinutes: 10,
    },
  ),
  alert("EventsStayBehind", "ticket", `max by (workload) (events_outbox_age_seconds) > ${OUTBOX_AGE_MAX_SECONDS}`, {
    summary: "{{ $labels.workload }}: its events do not leave",
    description:
      "An event of {{ $labels.workload }} has waited {{ $value | humanizeDuration }} to be published; it is kept until it is.",
    lastsMinutes: 5,
  }),
  alert(
    "EventsPileUp",
    "ticket",
    `max by (workload, topic, group) (min_over_time(events_lag_records[15m])) > ${LAG_MAX_RECORDS}`,
    {
      summary: "{{ $labels.workload }} does not keep up with {{ $labels.topic }}",
      description:
        "{{ $labels.group }} has not handled {{ $value | humanize }} events of {{ $labels.topic }}, and has not caught up for a quarter of an hour.",
    },
  ),
  alert(
    "EventsSetAside",
    "ticket",
    `sum by (workload, topic, group) (increase(events_handled_total{ending="set_aside"}[1h])) > 0`,
    {
      summary: "{{ $labels.workload }}: events were set aside",
      description:
        "{{ $labels.group }} could not handle {{ $value | humanize }} events of {{ $labels.topic }}; they are tried again at its next start.",
    },
  ),
  alert("WorkloadRestarts", "ticket", `max by (workload) (changes(process_start_time_seconds[1h])) > ${RESTARTS_MAX}`, {
    summary: "{{ $labels.workload }}: a replica starts again and again",
    description:
      "A replica of {{ $labels.workload }} started {{ $value | humanize }} times within an hour: look at its last log lines and its memory.",
  }),
];

/** Alerts on what is wrong with a workload, from what the kit measures. */
export function workloadAlerts({ workloads }: Mesh): RuleGroup {
  return ruleGroup("shopmesh-workloads", [...workloads.map(gone), ...ALERTS]);
}
