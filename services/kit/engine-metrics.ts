import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { CircuitState } from "./engine-circuit.ts";
import type { Metrics } from "./metrics.ts";

/** What one engine tells of itself to Prometheus. */
export interface EngineMetrics {
  state(state: CircuitState): void;
  /** `kind`: "away" and "late" are operations that were tried, "refused" those that were not while the circuit was open. */
  failed(kind: "away" | "late" | "refused"): void;
  took(seconds: number): void;
}

const STATES: Readonly<Record<CircuitState, number>> = { closed: 0, "half-open": 1, open: 2 };
/** From a value in Redis's memory to an operation that was given up. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

const NOTHING: EngineMetrics = { state() {}, failed() {}, took() {} };

/** A workload may have several engines, each a label's value of the same metrics: the first one makes them. */
function sharedIn(registry: Registry) {
  const state =
    (registry.getSingleMetric("engine_state") as Gauge<"engine"> | undefined) ??
    new Gauge({
      name: "engine_state",
      help: "Whether an engine is there: 0 yes, 1 being tried, 2 away",
      labelNames: ["engine"],
      registers: [registry],
    });
  const failures =
    (registry.getSingleMetric("engine_failures_total") as Counter<"engine" | "kind"> | undefined) ??
    new Counter({
      name: "engine_failures_total",
      help: "Operations that found an engine away, that it did not answer in time, or that were refused since it is away",
      labelNames: ["engine", "kind"],
      registers: [registry],
    });
  const seconds =
    (registry.getSingleMetric("engine_operation_seconds") as Histogram<"engine"> | undefined) ??
    new Histogram({
      name: "engine_operation_seconds",
      help: "How long operations on an engine took",
      labelNames: ["engine"],
      buckets: SECONDS,
      registers: [registry],
    });
  return { state, failures, seconds };
}

/** The metrics of one engine in a workload's registry; none without a registry. */
export function createEngineMetrics(engine: string, metrics: Pick<Metrics, "registry"> | undefined): EngineMetrics {
  if (metrics === undefined) return NOTHING;
  const { state, failures, seconds } = sharedIn(metrics.registry);
  const operations = seconds.labels({ engine });
  state.set({ engine }, STATES.closed);
  return {
    state: (it) => state.set({ engine }, STATES[it]),
    failed: (kind) => failures.inc({ engine, kind }),
    took: (it) => operations.observe(it),
  };
}
