import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { services } from "#gen/services.js";
import { type Served, servePlain } from "#kit/plain-http.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import { createWebApp } from "./web-app.ts";

const PAGE = "<!doctype html><title>Shop</title>";
const SCRIPT = "console.log(1);".repeat(100);

let folder: string;
let served: Served;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shopmesh-web-"));
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "index.html"), PAGE);
  await writeFile(join(folder, "assets/app-1a2b.js"), SCRIPT);
  await writeFile(join(folder, ".built-from"), "secret");
  const webApp = await createWebApp(folder);
  const deps = { name: "web", host: "127.0.0.1", port: 0, log: pino({ level: "silent" }) };
  served = await servePlain(deps, (request, response) =>
    webApp(request as http.IncomingMessage, response as http.ServerResponse),
  );
});
afterAll(async () => {
  await served.close();
  await rm(folder, { recursive: true });
});

/** An answer as it is on the wire: fetch would unpack it. */
function get(path: string, headers: http.OutgoingHttpHeaders = {}, method = "GET") {
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
    const request = http.request({ port: served.port, path, headers, method }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
    });
    request.on("error", reject).end();
  });
}

describe("the web app's files", () => {
  it.each(["/", "/cart", "/products/red-lamp", "/orders/8a6c/receipt", "/?q=a.b"])("%s is the page", async (path) => {
    const { status, headers, body } = await get(path);
    expect([status, `${body}`]).toEqual([200, PAGE]);
    expect(headers).toMatchObject({ ...SECURITY_HEADERS, "cache-control": "no-cache" });
  });

  const calls = services.flatMap((it) => it.methods.map((method) => `/${it.typeName}/${method.name}`));
  it.each([
    "/missing.js",
    "/assets/app-0000.js",
    "/.built-from",
    "/../package.json",
    "/.well-known/jwks.json",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.health.v1.Health/Check",
    ...calls.slice(0, 3),
  ])("%s is nothing of the app's", async (path) => {
    const { status, headers } = await get(path);
    expect(status).toBe(404);
    expect(headers).toMatchObject(SECURITY_HEADERS);
  });

  it("answers no other method than GET and HEAD, and HEAD without a body", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) expect((await get("/", {}, method)).status).toBe(404);
    const head = await get("/assets/app-1a2b.js", {}, "HEAD");
    expect([head.status, head.headers["content-length"], head.body.length]).toEqual([200, `${SCRIPT.length}`, 0]);
  });

  it("lets files be kept for ever whose name holds a hash, and answers 304 to who has them", async () => {
    const first = await get("/assets/app-1a2b.js");
    expect(first.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    const again = await get("/assets/app-1a2b.js", { "if-none-match": first.headers.etag });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  it.each([
    ["br", brotliDecompressSync],
    ["gzip", gunzipSync],
  ] as const)("compresses by %s what shrinks", async (encoding, decompress) => {
    const { headers, body } = await get("/assets/app-1a2b.js", { "accept-encoding": encoding });
    expect(headers).toMatchObject({ "content-encoding": encoding, vary: "accept-encoding" });
    expect(body.length).toBeLessThan(SCRIPT.length / 10);
    expect(`${decompress(body)}`).toBe(SCRIPT);
  });

  it("says whether it is ready, until it stops", async () => {
    expect([(await get("/health")).status, (await get("/ready")).status]).toEqual([200, 200]);
    served.drain();
    expect([(await get("/health")).status, (await get("/ready")).status]).toEqual([200, 503]);
  });

  it("does not start without them", async () => {
    await expect(createWebApp(join(folder, "none"))).rejects.toThrow("The web app is not built");
  });
});
