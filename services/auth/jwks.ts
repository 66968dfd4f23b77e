import type http from "node:http";
import type { Logger } from "pino";
import type { HttpRoutes } from "#kit/serve.ts";
import type { TokenIssuer } from "./access-tokens.ts";

/** Far less than a key is published before it signs. */
const MAX_AGE_SECONDS = 300;

/** The public keys of access tokens, where RFC 8414's readers look for them. */
export function jwksRoute(tokens: TokenIssuer, log: Logger): HttpRoutes {
  const answer = async (response: http.ServerResponse) => {
    const body = JSON.stringify(await tokens.publicKeys());
    response
      .writeHead(200, {
        "content-type": "application/jwk-set+json",
        "content-length": Buffer.byteLength(body),
        "cache-control": `public, max-age=${MAX_AGE_SECONDS}`,
      })
      .end(body);
  };
  return {
    "/.well-known/jwks.json": (_, response) => {
      answer(response as http.ServerResponse).catch((error: unknown) => {
        log.warn({ err: error }, "the public keys could not be read");
        (response as http.ServerResponse).writeHead(503, { "cache-control": "no-store" }).end();
      });
    },
  };
}
