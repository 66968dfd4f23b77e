// Our server's protocol handling alone: the pipeline is there and has no steps.
import type { ServerResponse } from "node:http";
import { createPipeline } from "#kit/pipeline/pipeline.ts";
import { serveRpcs } from "#kit/server/rpc-server.ts";
import { beChild } from "../process/child.ts";
import type { Ports, ServerSetup } from "../process/messages.ts";
import { implementationOf, serveDepsOf } from "./kit-deps.ts";

const MESSAGES = { responseMaxBytes: 16 * 1024 * 1024 };

await beChild<ServerSetup>(async ({ trust }) => {
  const { log, workload: name, port, host } = serveDepsOf(trust);
  const listener = await serveRpcs({
    name,
    port,
    host,
    services: [implementationOf()],
    pipeline: createPipeline({ admission: [], checks: [] }, log),
    messages: MESSAGES,
    fallback: (_, response) => void (response as ServerResponse).writeHead(404).end(),
    onError: (error) => log.error({ err: error }, "a request failed outside the pipeline"),
  });
  return { ready: { h1: listener.port, h2: listener.port } satisfies Ports };
});
