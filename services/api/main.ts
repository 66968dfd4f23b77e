import { MeshService } from "#gen/shop/api/v1/mesh_service_pb.js";
import { StorefrontService } from "#gen/shop/api/v1/storefront_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { WorkloadService } from "#gen/shop/mesh/v1/workload_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { implement } from "#kit/implementation.ts";
import type { Kit, Main } from "#kit/kit.ts";
import { runAlone } from "#kit/run.ts";
import { DEFAULT_PORTS, type Workload } from "#kit/settings.ts";
import { healthRoutes } from "./health-all.ts";
import { createMeshService } from "./mesh-service.ts";
import { createMonitor } from "./monitor.ts";
import { createStorefrontService, type StorefrontDeps } from "./storefront-service.ts";

const WATCH_INTERVAL_MS = 2_000;
/** Longer than a workload takes to find that its store is away, so that it can say so. */
const LOOK_TIMEOUT_MS = 1_800;

/** Shorter than anybody takes to come back to the home page, and long enough to make it cheap when many want it. */
const FRESH_MS = 1_000;

/** What sells and what is new hardly changes in this time; what is sold out by then, the cart says. */
const STALE_MS = 15 * 60_000;

/** The api service. */
export function createMain({ freshMs = FRESH_MS, staleMs = STALE_MS } = {}): Main {
  return (kit) => serveApi(kit, { freshMs, staleMs });
}

async function serveApi(kit: Kit, times: Pick<StorefrontDeps, "freshMs" | "staleMs">): Promise<void> {
  const workloads = (Object.keys(DEFAULT_PORTS) as Workload[]).filter((it) => it !== "edge");
  const clients = new Map(workloads.map((it) => [it as string, kit.client(WorkloadService, it)]));
  const monitor = createMonitor({
    workloads,
    ask: async (workload) => (await clients.get(workload)?.getTelemetry({}, { timeoutMs: LOOK_TIMEOUT_MS }))?.telemetry,
    intervalMs: WATCH_INTERVAL_MS,
  });
  const storefront = createStorefrontService({
    products: kit.client(ProductService),
    carts: kit.client(CartService),
    ...times,
  });
  await kit.serve({
    services: [implement(StorefrontService, storefront), implement(MeshService, createMeshService(monitor))],
    // A page is shown without the parts that are away, so nothing but the api itself decides whether it can serve.
    ready: async () => {},
    http: healthRoutes(monitor),
  });
}

/** The api service: what a page needs in one call, and the state of the mesh. */
export const main: Main = createMain();

if (import.meta.main) await runAlone("api", main);
