import type { Logger } from "pino";
import { answer, pathOf } from "#kit/plain-http.ts";
import { type HttpHandler, listen } from "#kit/server/listen.ts";
import type { TokenIssuer } from "./access-tokens.ts";
import { jwksRoute } from "./jwks.ts";

const CLOSE_GRACE_MS = 1_000;

/** Answers GET for the public keys, and nothing else. */
function keysAlone(tokens: TokenIssuer, log: Logger): HttpHandler {
  const routes = jwksRoute(tokens, log);
  return (request, response) => {
    const route = request.method === "GET" ? routes[pathOf(request)] : undefined;
    if (route === undefined) answer(response, 404, "not found\n");
    else return route(request, response);
  };
}

/**
 * Opens a port for the public keys alone, without TLS: a mesh's control plane reads them there, which has no identity in
 * the mesh and could not pass its mutual TLS. Answers what closes it.
 * @throws StartError when the port is taken.
 */
export async function openKeysPort(options: {
  host: string;
  port: number;
  tokens: TokenIssuer;
  log: Logger;
}): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { tokens, log } = options;
  const listener = await listen({
    ...options,
    name: "auth_keys",
    handler: keysAlone(tokens, log),
    onError: (error) => log.error({ err: error }, "a request for keys failed"),
  });
  return { port: listener.port, close: () => listener.close(CLOSE_GRACE_MS) };
}
