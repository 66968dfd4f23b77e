import type { IContainer } from "kubernetes-models/v1";

/** Longer than the kit takes to find that a store does not answer (1.5 s), so that what arrives is its answer. */
const TIMEOUT_SECONDS = 3;

/**
 * How long a service may take to start. Most of it is for migrations: a service brings its store to the version it expects, one
 * replica at a time, before it opens its port, and must not be ended in the middle.
 */
export const STARTUP_SECONDS = 600;

const get = (path: string, port: string) => ({ httpGet: { path, port }, timeoutSeconds: TIMEOUT_SECONDS });

/**
 * What the kubelet asks, each a question of its own.
 *
 * - startup: is the process up? With patience; nothing else is asked before.
 * - liveness: does it still turn? It looks at nothing but the process: a store that is away is not mended by a restart.
 * - readiness: can it do its work, store included? Where not, calls go to other replicas.
 */
export function probesOf(port: string): Pick<IContainer, "startupProbe" | "livenessProbe" | "readinessProbe"> {
  return {
    startupProbe: { ...get("/health", port), periodSeconds: 1, failureThreshold: STARTUP_SECONDS },
    livenessProbe: { ...get("/health", port), periodSeconds: 10, failureThreshold: 3 },
    readinessProbe: { ...get("/ready", port), periodSeconds: 5, failureThreshold: 2 },
  };
}
