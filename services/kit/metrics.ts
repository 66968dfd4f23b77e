import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Labels of the call histogram. */
export type CallLabel = "service" | "method" | "caller" | "code";

export interface CallMetrics {
  readonly duration: Histogram<CallLabel>;
}

/** The metrics of one workload. */
export interface Metrics {
  readonly registry: Registry;
  readonly calls: CallMetrics;
  /** A business counter: "shop_orders_total". `labels` must have few values each. */
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** A value that goes up and down; `read` is asked when somebody looks. */
  gauge(name: string, help: string, read: () => number): void;
}

// Seconds; dense where a local call ends up, so that p50 and p99 can be told from them.
const BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];

/** Metrics of a workload in a registry of their own, since several workloads may share a process. */
export function createMetrics(workload: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ workload });
  collectDefaultMetrics({ register: registry });
  const duration = new Histogram<CallLabel>({
    name: "rpc_server_duration_seconds",
    help: "Seconds from a call's arrival to its answer",
    labelNames: ["service", "method", "caller", "code"],
    buckets: BUCKETS,
    registers: [registry],
  });
  return {
    registry,
    calls: { duration },
    counter: <L extends string = never>(name: string, help: string, labels: readonly L[] = []) =>
      new Counter<L>({ name, help, labelNames: [...labels], registers: [registry] }),
    gauge(name, help, read) {
      const collect = () => gauge.set(read());
      const gauge = new Gauge({ name, help, collect, registers: [registry] });
    },
  };
}
