import { DestinationRule, type IDestinationRule } from "@kubernetes-models/istio/networking.istio.io/v1";
import { EARNED_PER_CALL, SAVED_MAX } from "#kit/client/retry-budget.ts";
import type { Deployment } from "#kit/deployment.ts";
import type { Mesh } from "../../model.ts";
import { hostOf, NAMESPACE, WEB } from "../../names.ts";
import { labelsOf } from "../deployment/unit.ts";
import { duration } from "./treatment.ts";

type TrafficPolicy = NonNullable<NonNullable<IDestinationRule["spec"]>["trafficPolicy"]>;

/** For a replica to take a connection, the TLS handshake included: less than any contract's time, so that another one can be tried. */
export const CONNECT_TIMEOUT_MS = 1_000;
/** Before the kit closes what nobody uses (`LIMITS.keepAliveTimeoutMs`), so that no call meets a connection on its way out. */
export const IDLE_TIMEOUT_MS = 60_000;
/** A peer that vanished without a word, with its node: found after time + probes × interval = 60 s. */
const KEEPALIVE = { time: "30s", interval: "10s", probes: 3 } as const;
/** Of one proxy to one service: calls and streams at once, connections, and calls that wait for one. The service says no long before. */
const REQUESTS_MAX = 4_096;
const CONNECTIONS_MAX = 256;
const PENDING_MAX = 1_024;

/**
 * A replica that fails in a row is left alone for a while, twice as long the next time. What counts is 502 to 504, gRPC's
 * UNAVAILABLE and DEADLINE_EXCEEDED, and connections that fail; a 500 is an answer, by which one bad request would take replicas away. Of
 * two one always stays, and a lone one is called whatever it does.
 */
const OUTLIERS: NonNullable<TrafficPolicy["outlierDetection"]> = {
  consecutive5xxErrors: 0,
  consecutiveGatewayErrors: 5,
  interval: "5s",
  baseEjectionTime: "15s",
  maxEjectionPercent: 50,
  minHealthPercent: 50,
};

/** A new replica compiles what it runs often during its first calls: it gets its share little by little. */
const WARMUP = { duration: "20s", minimumPercent: 20 } as const;

/** Least request of two, or the same replica for the same path or user. */
function balanceFor(affinity: Deployment["affinity"]): NonNullable<TrafficPolicy["loadBalancer"]> {
  if (affinity === undefined) return { simple: "LEAST_REQUEST", warmup: WARMUP };
  const httpHeaderName = affinity === "path" ? ":path" : "authorization";
  return { consistentHash: { httpHeaderName, ringHash: { minimumRingSize: 1_024 } } };
}

/**
 * How a workload's callers, the edge among them, connect to its replicas and choose between them.
 * @param name of the Service with the replicas, where it is not the workload's own
 */
export function destinationRuleOf(
  workload: string,
  affinity?: Deployment["affinity"],
  name: string = workload,
): DestinationRule {
  return new DestinationRule({
    metadata: { name, namespace: NAMESPACE, labels: labelsOf({ name: workload }) },
    spec: {
      host: hostOf(name),
      exportTo: ["."],
      trafficPolicy: {
        // Istio would choose this by itself, and plain text for a pod that has no proxy.
        tls: { mode: "ISTIO_MUTUAL" },
        loadBalancer: balanceFor(affinity),
        connectionPool: {
          tcp: {
            connectTimeout: duration(CONNECT_TIMEOUT_MS),
            maxConnections: CONNECTIONS_MAX,
            tcpKeepalive: KEEPALIVE,
          },
          http: {
            // The services' ports say it as well (appProtocol); gRPC must not hang on that alone.
            h2UpgradePolicy: "UPGRADE",
            http2MaxRequests: REQUESTS_MAX,
            http1MaxPendingRequests: PENDING_MAX,
            idleTimeout: duration(IDLE_TIMEOUT_MS),
          },
        },
        outlierDetection: OUTLIERS,
        // The same for each proxy as for each of the kit's clients where there is no mesh.
        retryBudget: { percent: EARNED_PER_CALL * 100, minRetryConcurrency: SAVED_MAX },
      },
    },
  });
}

/** A rule for each Service that the shop's callers know. */
export function destinationRulesOf({ workloads }: Mesh): DestinationRule[] {
  return [...workloads.map((it) => destinationRuleOf(it.name, it.deployment.affinity)), destinationRuleOf(WEB.name)];
}
