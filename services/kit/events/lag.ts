import { Gauge } from "prom-client";
import type { Metrics } from "../metrics.ts";

/** How far this process is behind with its share of a group's records. */
export interface Lag {
  /** All records of a partition before this offset are handled. */
  handled(partition: number, nextOffset: bigint): void;
  /** The offset behind the last record of a partition. */
  end(partition: number, endOffset: bigint): void;
  /** Its share is no longer its own. */
  clear(): void;
}

/** Makes gauges of what groups have before them; none without metrics. */
export function createLags(metrics: Pick<Metrics, "registry"> | undefined): (topic: string, group: string) => Lag {
  if (metrics === undefined) return () => ({ handled() {}, end() {}, clear() {} });
  const gauge = new Gauge({
    name: "events_lag_records",
    help: "Events of this process's share of a topic that its group has not handled yet",
    labelNames: ["topic", "group"],
    registers: [metrics.registry],
  });
  return (topic, group) => {
    const next = new Map<number, bigint>();
    const end = new Map<number, bigint>();
    const tell = () => {
      let lag = 0n;
      for (const [partition, endOffset] of end) lag += endOffset - (next.get(partition) ?? endOffset);
      gauge.set({ topic, group }, Number(lag));
    };
    tell();
    return {
      handled(partition, nextOffset) {
        next.set(partition, nextOffset);
        tell();
      },
      end(partition, endOffset) {
        end.set(partition, endOffset);
        tell();
      },
      clear() {
        next.clear();
        end.clear();
        tell();
      },
    };
  };
}
