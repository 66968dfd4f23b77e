// The web app's files alone, for an ingress that routes calls itself: `node services/edge/web.ts`.

import type http from "node:http";
import { servePlain } from "#kit/plain-http.ts";
import { runProcess } from "#kit/process.ts";
import { createWebApp } from "./web-app.ts";

runProcess(async ({ settings, log, started }) => {
  const webApp = await createWebApp();
  const deps = { name: "web", host: settings.host, port: settings.webPort, log };
  const served = await servePlain(deps, (request, response) =>
    webApp(request as http.IncomingMessage, response as http.ServerResponse),
  );
  started(served);
  log.info({ workload: "web", port: served.port }, "serving");
});
