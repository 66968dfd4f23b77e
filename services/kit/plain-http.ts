import type http from "node:http";
import type { Logger } from "pino";
import { createReadiness, type Readiness } from "./health.ts";
import { type HttpHandler, listen } from "./server/listen.ts";

/** Plain HTTP by exact path. */
export type ExactRoutes = Readonly<Record<string, HttpHandler>>;

/** Something that answers on a port. */
export interface Served {
  readonly port: number;
  /** Says "not ready" from now on, so that load balancers look elsewhere. */
  drain(): void;
  /** Lets calls end, then closes the port. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 3_000;

/** The path of a request, without its query. */
export function pathOf(request: { readonly url?: string | undefined }): string {
  return (request.url ?? "/").split("?", 1)[0] ?? "/";
}

/** Answers a text. */
export function answer(
  response: Parameters<HttpHandler>[1],
  status: number,
  body: string,
  type = "text/plain; charset=utf-8",
): void {
  (response as http.ServerResponse)
    .writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) })
    .end(body);
}

/** `/health`: the process answers. `/ready`: it can do its work, and is not about to stop. */
export function healthRoutes(readiness: Readiness): ExactRoutes {
  return {
    "/health": (_, response) => answer(response, 200, "ok\n"),
    "/ready": async (_, response) => {
      const reason = await readiness.notReadyReason();
      answer(response, reason === undefined ? 200 : 503, `${reason ?? "ready"}\n`);
    },
  };
}

/**
 * Opens a port for plain HTTP alone, with `/health` and `/ready` beside the handler.
 * @throws StartError when the port is taken.
 */
export async function servePlain(
  deps: { readonly name: string; readonly host: string; readonly port: number; readonly log: Logger },
  handler: HttpHandler,
): Promise<Served> {
  let draining = false;
  const health = healthRoutes(
    createReadiness(
      async () => {},
      () => draining,
    ),
  );
  const listener = await listen({
    ...deps,
    handler: (request, response) => (health[pathOf(request)] ?? handler)(request, response),
    onError: (error) => deps.log.error({ err: error }, "a request failed"),
  });
  return {
    port: listener.port,
    drain() {
      draining = true;
      listener.drain();
    },
    close() {
      draining = true;
      return listener.close(CLOSE_GRACE_MS);
    },
  };
}
