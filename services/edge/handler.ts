import type http from "node:http";
import { edgePaths } from "#gen/edge-paths.js";
import { services } from "#gen/services.js";
import type { Kit } from "#kit/kit.ts";
import { pathOf } from "#kit/plain-http.ts";
import type { HttpHandler } from "#kit/server/listen.ts";
import { createForwarder } from "./forward.ts";
import { createRoutes } from "./routes.ts";

type PlainHandler = (request: http.IncomingMessage, response: http.ServerResponse) => void | Promise<void>;

/** Forwards what the contracts let browsers ask services for, and hands on all else. */
export function createEdgeHandler(kit: Kit, otherwise: PlainHandler): HttpHandler {
  const routes = createRoutes(services, edgePaths);
  const forwarder = createForwarder(kit.identity, kit.addressOf);
  kit.onClose(() => forwarder.close());
  return (request, response) => {
    const [plainRequest, plainResponse] = [request as http.IncomingMessage, response as http.ServerResponse];
    const workload = routes.workloadOf(pathOf(request));
    if (workload === undefined) return otherwise(plainRequest, plainResponse);
    forwarder.forward(plainRequest, plainResponse, workload);
  };
}
