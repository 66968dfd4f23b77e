import type { OutgoingHttpHeaders } from "node:http";
import type { Implementation } from "../implementation.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { connectUnary } from "./connect-unary.ts";
import { CONTENT_TYPES, type Format, formatOf, formatOfGet, type ProtocolName } from "./format.ts";
import { grpc } from "./grpc.ts";
import { grpcWeb } from "./grpc-web.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { type UnaryMethod, unaryMethods } from "./methods.ts";
import type { Protocol } from "./protocol.ts";
import type { MessageOptions } from "./request.ts";
import { type Query, UnaryExchange } from "./unary-exchange.ts";

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

/** Answers what is no call by any of the protocols. */
function refuse(http: HttpExchange, status: number, text: string, header: OutgoingHttpHeaders = {}): void {
  http.respond(status, { ...header, "content-type": "text/plain; charset=utf-8" }, Buffer.from(`${text}\n`));
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
    if (format === undefined) return refuse(http, 415, "The parameter encoding must be proto or json.");
    start(http, served, format, queryOf(parameters));
  };
  return {
    find(url) {
      return table.get(url) ?? (url.includes("?") ? table.get(url.slice(0, url.indexOf("?"))) : undefined);
    },
    serve(http, served) {
      if (http.verb === "GET" && served.allowsGet) return serveGet(http, served);
      const verbs = served.allowsGet ? "GET, POST" : "POST";
      if (http.verb !== "POST") return refuse(http, 405, `This call takes ${verbs}.`, { allow: verbs });
      const format = formatOf(http.header("content-type"));
      if (format === undefined) {
        const accepted = CONTENT_TYPES.join(", ");
        return refuse(http, 415, `The content type must be one of ${accepted}.`, { "accept-post": accepted });
      }
      start(http, served, format);
    },
  };
}
