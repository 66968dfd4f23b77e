import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { type CallDurations, createCallDurations } from "./call-durations.ts";

/** The metrics of one workload. */
export interface Metrics {
  readonly registry: Registry;
  /** Rate, errors and duration of all calls. */
  readonly calls: CallDurations;
  /** A business counter: "shop_orders_total". `labels` must have few values each. */
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** A value that goes up and down; `read` is asked when somebody looks. */
  gauge(name: string, help: string, read: () => number): void;
}

/** Metrics of a workload in a registry of their own, since several workloads may share a process. */
export function createMetrics(workload: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ workload });
  collectDefaultMetrics({ register: registry });
  const calls = createCallDurations();
  registry.registerMetric(calls.metric);
  return {
    registry,
    calls: calls.durations,
    counter: <L extends string = never>(name: string, help: string, labels: readonly L[] = []) =>
      new Counter<L>({ name, help, labelNames: [...labels], registers: [registry] }),
    gauge(name, help, read) {
      const collect = (): void => gauge.set(read());
      const gauge: Gauge = new Gauge({ name, help, collect, registers: [registry] });
    },
  };
}
