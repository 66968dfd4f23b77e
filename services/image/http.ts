import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Logger } from "pino";
import { Failure } from "#kit/failure.ts";
import type { HttpHandler } from "#kit/server/listen.ts";
import { FORMATS, type Format, nameOf, type Variant, WIDTHS } from "./image.ts";
import type { Images } from "./images.ts";
import { rangeOf } from "./range.ts";
import type { StoredFile } from "./store.ts";

/** What the files are served from. */
export interface ImageFilesDeps {
  readonly images: Images;
  /** Told of each file that was sent. */
  readonly onServed: (variant: Variant, status: number) => void;
  readonly log: Logger;
}

const PATH = /^\/images\/([a-f0-9]{32})\/([1-9]\d{2,3})\.([a-z]{3,4})$/;
// The id stands for the content, so that an answer is true for ever.
const FOR_EVER = "public, max-age=31536000, immutable";
const NOT_FOUND_CACHE = "public, max-age=10";

function targetOf(url: string): { id: string; variant: Variant } | undefined {
  const [, id, digits, ending] = PATH.exec(url.split("?", 1)[0] ?? "") ?? [];
  const width = WIDTHS.find((it) => `${it}` === digits);
  const format = (Object.keys(FORMATS) as Format[]).find((it) => it === ending);
  return id === undefined || width === undefined || format === undefined
    ? undefined
    : { id, variant: { width, format } };
}

function matches(header: string | undefined, etag: string): boolean {
  const tags = header?.split(",").map((it) => it.trim().replace(/^W\//, "")) ?? [];
  return tags.includes("*") || tags.includes(etag);
}

function fail(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  const body = `${text}\n`;
  response
    .writeHead(status, {
      "content-type": "text/plain; charset=utf-8",
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    })
    .end(response.req.method === "HEAD" ? undefined : body);
}

/** Sends a file or the part of it that was asked for. @returns the status. */
async function send(
  request: IncomingMessage,
  response: ServerResponse,
  file: StoredFile,
  etag: string,
  type: string,
): Promise<number> {
  const common = { etag, "cache-control": FOR_EVER, "accept-ranges": "bytes", "x-content-type-options": "nosniff" };
  if (matches(request.headers["if-none-match"], etag)) {
    response.writeHead(304, common).end();
    return 304;
  }
  const ifRange = request.headers["if-range"];
  const range = ifRange === undefined || ifRange === etag ? rangeOf(request.headers.range, file.sizeBytes) : undefined;
  if (range === "unsatisfiable") {
    fail(response, 416, "range not satisfiable", { "content-range": `bytes */${file.sizeBytes}` });
    return 416;
  }
  const { start, end } = range ?? { start: 0, end: file.sizeBytes - 1 };
  const status = range === undefined ? 200 : 206;
  const part = range !== undefined && { "content-range": `bytes ${start}-${end}/${file.sizeBytes}` };
  response.writeHead(status, { ...common, ...part, "content-type": type, "content-length": end - start + 1 });
  if (request.method === "HEAD") response.end();
  else await pipeline(file.read(start, end), response);
  return status;
}

/** Answers `GET /images/{id}/{width}.{format}`. */
export function createImageFiles({ images, onServed, log }: ImageFilesDeps): HttpHandler {
  const answer = async (request: IncomingMessage, response: ServerResponse, hasLeft: () => boolean): Promise<void> => {
    if (request.method !== "GET" && request.method !== "HEAD")
      return fail(response, 405, "method not allowed", { allow: "GET, HEAD" });
    const target = targetOf(request.url ?? "");
    const file = target && (await images.variant(target.id, target.variant));
    if (hasLeft()) return;
    if (target === undefined || file === undefined)
      return fail(response, 404, "not found", { "cache-control": NOT_FOUND_CACHE });
    const { id, variant } = target;
    // The size tells files apart that two versions of the encoder made.
    const etag = `"${id}-${nameOf(variant)}-${file.sizeBytes}"`;
    onServed(variant, await send(request, response, file, etag, FORMATS[variant.format]));
  };
  const onError = (error: unknown, response: ServerResponse) => {
    if (error instanceof Failure && !response.headersSent) {
      const seconds = Math.ceil((error.details.retryAfterMs ?? 0) / 1000);
      return fail(response, 503, error.message, { "retry-after": `${seconds}` });
    }
    log.error({ err: error }, "a picture could not be served");
    if (response.headersSent) response.destroy();
    else fail(response, 500, "internal error");
  };
  return (request, response) => {
    // Node's HTTP/2 compatibility API has the same shape for all that is used here.
    const plain = response as ServerResponse;
    let left = false;
    plain.on("close", () => {
      left = true;
    });
    answer(request as IncomingMessage, plain, () => left).catch((error: unknown) => {
      if (!left) onError(error, plain);
    });
  };
}
