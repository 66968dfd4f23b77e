import type http from "node:http";
import { services } from "#gen/services.js";
import type { Main } from "#kit/kit.ts";
import { createForwarder } from "./forward.ts";
import { createRoutes } from "./routes.ts";
import { createWebApp } from "./web-app.ts";

/** The browser-facing port: the web app, the RPCs whose contract names "edge", pictures, and nothing else. */
export const main: Main = async (kit) => {
  const routes = createRoutes(services);
  const forwarder = createForwarder(kit.identity.prove(kit.workload), kit.addressOf);
  kit.onClose(() => forwarder.close());
  const webApp = await createWebApp();
  await kit.listen((request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    if (path === "/health" || path === "/ready") {
      (response as http.ServerResponse).writeHead(200, { "content-type": "text/plain" }).end("ok\n");
      return;
    }
    const workload = routes.workloadOf(path);
    if (workload === undefined) webApp(request as http.IncomingMessage, response as http.ServerResponse);
    else forwarder.forward(request as http.IncomingMessage, response as http.ServerResponse, workload);
  });
};
