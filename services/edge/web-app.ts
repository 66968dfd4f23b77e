import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type http from "node:http";
import { extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { pathOf } from "#kit/plain-http.ts";
import { StartError } from "#kit/start-error.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

/** Serves the web app's files. */
export type WebApp = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** A file of the app, with its compressed forms made when first asked for. */
interface Asset {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly compressible: boolean;
  readonly encoded: Map<string, Promise<Buffer>>;
}

const DIST = fileURLToPath(new URL("../../web/dist", import.meta.url));
const PAGE = "/index.html";
const BROTLI_QUALITY = 9;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
};

const compress: Readonly<Record<string, (body: Buffer) => Promise<Buffer>>> = {
  br: (body) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  gzip: (body) => promisify(gzip)(body),
};

async function readAsset(folder: string, path: string): Promise<Asset> {
  const body = await readFile(join(folder, path));
  const type = TYPES[extname(path)] ?? "application/octet-stream";
  // Files below /assets/ carry a hash of their content in their name.
  const immutable = path.startsWith("/assets/");
  const caching = immutable ? "public, max-age=31536000, immutable" : "no-cache";
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  const headers = {
    ...SECURITY_HEADERS,
    "content-type": type,
    "cache-control": caching,
    etag,
    vary: "accept-encoding",
  };
  return { body, headers, etag, compressible: /text|svg|json/.test(type), encoded: new Map() };
}

async function send(asset: Asset, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  if (request.headers["if-none-match"] === asset.etag) {
    response.writeHead(304, asset.headers).end();
    return;
  }
  const accepted = `${request.headers["accept-encoding"] ?? ""}`;
  const encoding = asset.compressible ? Object.keys(compress).find((it) => accepted.includes(it)) : undefined;
  let { body } = asset;
  if (encoding !== undefined) {
    const known = asset.encoded.get(encoding) ?? compress[encoding]?.(asset.body) ?? Promise.resolve(asset.body);
    asset.encoded.set(encoding, known);
    body = await known;
  }
  const headers = {
    ...asset.headers,
    "content-length": body.length,
    ...(encoding && { "content-encoding": encoding }),
  };
  response.writeHead(200, headers).end(request.method === "HEAD" ? undefined : body);
}

/**
 * Whether a path is one of the app's own addresses, which the page answers itself. A dot is in the names of files and in
 * those of services, and neither a missing file nor a call that browsers may not make is a page.
 */
function isAddress(path: string): boolean {
  return !path.includes(".");
}

/**
 * The built app, read once: it is small, and a build that goes on meanwhile must not show half of itself. Files with a hash
 * in their name may be kept for ever; the page stands for every address that is the app's own.
 */
export async function createWebApp(folder: string = DIST): Promise<WebApp> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      throw new StartError("The web app is not built: run `npx vite build web`.");
    },
  );
  const paths = names
    .filter((it) => it.isFile() && !it.name.startsWith("."))
    .map((it) => join(it.parentPath, it.name).slice(folder.length).split(sep).join("/"));
  const assets = new Map(await Promise.all(paths.map(async (path) => [path, await readAsset(folder, path)] as const)));
  return (request, response) => {
    const path = pathOf(request);
    const reading = request.method === "GET" || request.method === "HEAD";
    const asset = reading ? (assets.get(path) ?? (isAddress(path) ? assets.get(PAGE) : undefined)) : undefined;
    if (asset === undefined) {
      response.writeHead(404, { ...SECURITY_HEADERS, "content-type": "text/plain; charset=utf-8" }).end("not found\n");
    } else {
      send(asset, request, response).catch(() => response.destroy());
    }
  };
}
