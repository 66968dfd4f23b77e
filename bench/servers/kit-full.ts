// Our server as a service runs it: the whole pipeline, by the same `serve()`.
import { serve } from "#kit/serve.ts";
import { beChild } from "../process/child.ts";
import type { Ports, ServerSetup } from "../process/messages.ts";
import { implementationOf, serveDepsOf } from "./kit-deps.ts";

await beChild<ServerSetup>(async ({ trust }) => {
  const { port } = await serve(serveDepsOf(trust), { services: [implementationOf()], ready: async () => {} });
  return { ready: { h1: port, h2: port } satisfies Ports };
});
