import { readFile } from "node:fs/promises";
import type http from "node:http";
import { fileURLToPath } from "node:url";
import sirv from "sirv";

/** Serves the web app's files. */
export type WebApp = (request: http.IncomingMessage, response: http.ServerResponse) => void;

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
  "cross-origin-opener-policy": "same-origin",
};

const DIST = fileURLToPath(new URL("../../web/dist", import.meta.url));

/** The built app: files with a hash in their name for ever, and the page itself for every address that is the app's own. */
export async function createWebApp(): Promise<WebApp> {
  const page = await readFile(`${DIST}/index.html`);
  const files = sirv(DIST, {
    etag: true,
    gzip: true,
    brotli: true,
    setHeaders(response, path) {
      for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
      response.setHeader(
        "cache-control",
        path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      );
    },
  });
  const serveFile = (request: http.IncomingMessage, response: http.ServerResponse) =>
    files(request, response, () => {
      const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
      const isPage =
        (request.method === "GET" || request.method === "HEAD") &&
        !path.slice(path.lastIndexOf("/")).includes(".") &&
        !path.startsWith("/shop.");
      if (!isPage) {
        response.writeHead(404, { "content-type": "text/plain; charset=utf-8", ...HEADERS }).end("not found\n");
        return;
      }
      response.writeHead(200, {
        ...HEADERS,
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
        "content-length": page.length,
      });
      response.end(request.method === "HEAD" ? undefined : page);
    });
  return serveFile;
}
