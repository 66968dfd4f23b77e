import type http from "node:http";
import { services } from "#gen/services.js";
import type { Main } from "#kit/kit.ts";
import { pathOf } from "#kit/plain-http.ts";
import { runAlone } from "#kit/run.ts";
import { createForwarder } from "./forward.ts";
import { createRoutes } from "./routes.ts";
import { createWebApp } from "./web-app.ts";

/** The browser-facing port: the web app, the RPCs whose contract names "edge", pictures, and nothing else. */
export const main: Main = async (kit) => {
  const routes = createRoutes(services);
  const forwarder = createForwarder(kit.identity, kit.addressOf);
  kit.onClose(() => forwarder.close());
  const webApp = await createWebApp();
  await kit.listen((request, response) => {
    const workload = routes.workloadOf(pathOf(request));
    if (workload === undefined) webApp(request as http.IncomingMessage, response as http.ServerResponse);
    else forwarder.forward(request as http.IncomingMessage, response as http.ServerResponse, workload);
  });
};

if (import.meta.main) await runAlone("edge", main);
