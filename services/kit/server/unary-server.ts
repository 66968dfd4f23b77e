import type { Implementation } from "../implementation.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { connectUnary } from "./connect-unary.ts";
import { CONTENT_TYPES, type Format, formatOf, formatOfGet, type ProtocolName } from "./format.ts";
import { grpc } from "./grpc.ts";
import { grpcWeb } from "./grpc-web.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { type UnaryMethod, unaryMethods } from "./methods.ts";
import type { Protocol } from "./protocol.ts";
import { type MessageOptions, type Query, UnaryExchange } from "./unary-exchange.ts";

/** Serves unary RPCs by gRPC, gRPC-Web and Connect. */
export interface UnaryServer {
  /** The RPC at a path (with a query or not), if there is one. */
  find(url: string): UnaryMethod | undefined;
  serve(http: HttpExchange, served: UnaryMethod): void;
}

const PROTOCOLS: Readonly<Record<ProtocolName, Protocol>> = { grpc, "grpc-web": grpcWeb, connect: connectUnary };

function parametersOf(url: string): URLSearchParams {
  return new URLSearchParams(url.slice(url.indexOf("?") + 1));
}

function queryOf(parameters: URLSearchParams): Query {
  const message = parameters.get("message") ?? "";
  const isBase64 = parameters.get("base64") === "1";
  return {
    message: Buffer.from(message, isBase64 ? "base64url" : "utf8"),
    compression: parameters.get("compression"),
  };
}

/** The unary RPCs of these implementations, each call taken through the pipeline. */
export function createUnaryServer(
  implementations: readonly Implementation[],
  pipeline: Pipeline,
  options: MessageOptions,
): UnaryServer {
  const table = unaryMethods(implementations);
  const start = (http: HttpExchange, served: UnaryMethod, format: Format, query?: Query) => {
    const exchange = new UnaryExchange(http, served, format, PROTOCOLS[format.protocol], options, query);
    const call = pipeline.start(exchange);
    http.onGone(() => call.leave());
  };
  const serveGet = (http: HttpExchange, served: UnaryMethod) => {
    const parameters = parametersOf(http.url);
    const format = formatOfGet(parameters.get("encoding"));
    if (format === undefined) return http.respond(415, {});
    start(http, served, format, queryOf(parameters));
  };
  return {
    find(url) {
      return table.get(url) ?? (url.includes("?") ? table.get(url.slice(0, url.indexOf("?"))) : undefined);
    },
    serve(http, served) {
      if (http.verb === "GET" && served.allowsGet) return serveGet(http, served);
      if (http.verb !== "POST") return http.respond(405, { allow: served.allowsGet ? "GET, POST" : "POST" });
      const format = formatOf(http.header("content-type"));
      if (format === undefined) return http.respond(415, { "accept-post": CONTENT_TYPES.join(", ") });
      start(http, served, format);
    },
  };
}
