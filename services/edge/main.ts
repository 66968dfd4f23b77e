import type { Main } from "#kit/kit.ts";
import { runAlone } from "#kit/run.ts";
import { createEdgeHandler } from "./handler.ts";
import { createWebApp } from "./web-app.ts";

/** The browser-facing port: the web app, the RPCs whose contract names "edge", pictures, and nothing else. */
export const main: Main = async (kit) => {
  await kit.listen(createEdgeHandler(kit, await createWebApp()));
};

if (import.meta.main) await runAlone("edge", main);
