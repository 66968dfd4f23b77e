import { type IVirtualService, VirtualService } from "@kubernetes-models/istio/networking.istio.io/v1";
import type { MeshWorkload } from "../../model.ts";
import { hostOf, NAMESPACE } from "../../names.ts";
import { labelsOf } from "../deployment/unit.ts";
import { duration, PLAIN_HTTP, RETRY, type Treatment, treatmentOf } from "./treatment.ts";

type HttpRoute = NonNullable<NonNullable<IVirtualService["spec"]>["http"]>[number];

type Destination = NonNullable<HttpRoute["route"]>[number]["destination"];

/** What is said of retries, where there are none as well: said nothing, Istio makes two, whatever the call does. */
function retriesOf({ retries }: Treatment): NonNullable<HttpRoute["retries"]> {
  if (retries === 0) return { attempts: 0 };
  return { attempts: retries, retryOn: RETRY.on.join(","), backoff: duration(RETRY.backoffMs) };
}

/** "3s-repeatable", "5s-once", "streams": shown by access logs. */
function nameOf({ timeoutMs, retries }: Treatment): string {
  if (timeoutMs === undefined) return "streams";
  return `${duration(timeoutMs)}-${retries === 0 ? "once" : "repeatable"}`;
}

function routeFor(
  destination: Destination,
  name: string,
  treatment: Treatment,
  match?: NonNullable<HttpRoute["match"]>,
): HttpRoute {
  const { timeoutMs } = treatment;
  return {
    name,
    ...(match && { match }),
    route: [{ destination }],
    // Of streams nothing is said: Istio's own default is no end, and it takes no timeout of 0.
    ...(timeoutMs !== undefined && { timeout: duration(timeoutMs) }),
    retries: retriesOf(treatment),
  };
}

/** Streams last, then by time, the repeatable before the others: always the same order. */
function inOrder(a: Treatment, b: Treatment): number {
  return (a.timeoutMs ?? Number.MAX_VALUE) - (b.timeoutMs ?? Number.MAX_VALUE) || b.retries - a.retries;
}

/** How calls to a workload are routed by the proxies of its callers: each by its contract; what is no call, plainly. */
export function virtualServiceOf({ name, port, methods }: MeshWorkload): VirtualService {
  const host = hostOf(name);
  const destination = { host, port: { number: port } };
  const treated = methods
    .map((it) => ({ treatment: treatmentOf(it), match: { uri: { exact: it.path } } }))
    .sort((a, b) => inOrder(a.treatment, b.treatment));
  const groups = Map.groupBy(treated, ({ treatment }) => nameOf(treatment));
  const routes = [...groups].flatMap(([group, calls]) => {
    const matches = calls.map((it) => it.match);
    return calls.slice(0, 1).map(({ treatment }) => routeFor(destination, group, treatment, matches));
  });
  return new VirtualService({
    metadata: { name, namespace: NAMESPACE, labels: labelsOf({ name }) },
    spec: { hosts: [host], exportTo: ["."], http: [...routes, routeFor(destination, "plain-http", PLAIN_HTTP)] },
  });
}
