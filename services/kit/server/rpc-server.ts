import type { Implementation } from "../implementation.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { type HttpHandler, type Listener, type ListenOptions, listen } from "./listen.ts";
import type { MessageOptions } from "./request.ts";
import { createStreamServer } from "./stream-server.ts";
import { createUnaryServer } from "./unary-server.ts";

/** A port, the RPCs that are served there and what every call of them goes through. */
export interface RpcServerOptions extends Omit<ListenOptions, "handler" | "unary"> {
  readonly services: readonly Implementation[];
  readonly pipeline: Pipeline;
  readonly messages: MessageOptions;
  /** Answers what is no RPC. */
  readonly fallback: HttpHandler;
}

/**
 * Opens a port for RPCs by gRPC, gRPC-Web and Connect, over HTTP/1.1 and HTTP/2. Unary calls are served from a table made
 * here, streams by Connect's library.
 * @throws StartError when the port cannot be opened; Error when an RPC is not implemented or has no policy.
 */
export function serveRpcs(options: RpcServerOptions): Promise<Listener> {
  const { services, pipeline, messages, fallback, ...port } = options;
  for (const { service, methods } of services)
    for (const method of service.methods)
      if (typeof methods[method.localName] !== "function")
        throw new Error(`${service.typeName}.${method.name} is not implemented`);
  return listen({
    ...port,
    unary: createUnaryServer(services, pipeline, messages),
    handler: createStreamServer(services, pipeline, messages, fallback),
  });
}
