import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterEach, expect, it } from "vitest";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { isFailure } from "#kit/failure.ts";
import { openS3, type S3 } from "./s3.ts";
import { parseS3 } from "./settings.ts";

const log = pino({ level: "silent" });
const error = (code: string, more = "") =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message>${more}</Error>`;

let server: Server | undefined;
let s3: S3 | undefined;
afterEach(() => {
  s3?.close();
  server?.closeAllConnections();
  server?.close();
});

/** A bucket in something that answers as no server at hand does. */
async function bucketOf(listener: RequestListener): Promise<S3> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const url = `http://key:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}/shop`;
  s3 = openS3({ settings: parseS3(url, "S3_URL", {}), log });
  return s3;
}

it("looks first, then puts, where an S3 knows no conditions", async () => {
  const objects = new Map<string, string>();
  const bucket = await bucketOf((request, response) => {
    const { method, url = "", headers } = request;
    const there = objects.has(url);
    request.resume();
    if (headers["if-none-match"] ?? headers["if-match"]) response.writeHead(501).end(error("NotImplemented"));
    else if (method === "HEAD") response.writeHead(there ? 200 : 404, { etag: '"first"' }).end();
    else response.writeHead(200, { etag: '"first"' }).end(void objects.set(url, "put"));
  });
  expect(await bucket.put("a", Buffer.from("1"), { only: "absent" })).toBe("first");
  expect(await bucket.put("a", Buffer.from("2"), { only: "absent" })).toBeUndefined();
  expect(await bucket.put("a", Buffer.from("3"), { only: { etag: "another" } })).toBeUndefined();
  expect(await bucket.put("a", Buffer.from("4"), { only: { etag: "first" } })).toBe("first");
});

it("asks once more, on a new connection, when one was lost", async () => {
  let asked = 0;
  const bucket = await bucketOf((request, response) => {
    asked += 1;
    if (asked === 2) request.socket.destroy();
    else response.writeHead(200, { "content-length": "2", etag: '"e"' }).end("ok");
  });
  await bucket.get("a");
  expect((await bucket.get("a"))?.bytes.toString()).toBe("ok");
  expect(asked).toBe(3);
});

it.each([
  [500, "InternalError"],
  [503, "SlowDown"],
  [429, ""],
  [502, ""],
])("takes %d %s for an S3 that is away, and uses the connection again", async (status, code) => {
  const sockets = new Set<unknown>();
  const bucket = await bucketOf((request, response) => {
    sockets.add(request.socket);
    response.writeHead(status).end(code && error(code));
  });
  for (let call = 0; call < 3; call++) {
    const failure = await bucket.get("a").catch((it: unknown) => it);
    expect(isFailure(failure, ErrorReasonSchema, ErrorReason.DEPENDENCY_UNAVAILABLE)).toBe(true);
  }
  expect(sockets.size).toBe(1);
});

it("tells apart an object that is not there from a bucket that is not", async () => {
  let code = "NoSuchKey";
  const bucket = await bucketOf((_, response) => void response.writeHead(404).end(error(code)));
  expect(await bucket.get("a")).toBeUndefined();
  code = "NoSuchBucket";
  await expect(bucket.get("a")).rejects.toMatchObject({ code: "NoSuchBucket" });
});

it("keeps out of errors what was signed, and by which key", async () => {
  const told =
    "<AWSAccessKeyId>key</AWSAccessKeyId><StringToSign>AWS4-HMAC</StringToSign><SignatureProvided>abc</SignatureProvided>";
  const bucket = await bucketOf(
    (_, response) => void response.writeHead(403).end(error("SignatureDoesNotMatch", told)),
  );
  const thrown = await bucket.get("a").catch((it: unknown) => it);
  const lines: string[] = [];
  pino({}, { write: (line: string) => void lines.push(line) }).error({ err: thrown }, "failed");
  expect(lines.join()).toContain("SignatureDoesNotMatch");
  expect(lines.join()).not.toMatch(/AWS4-HMAC|s3cret|"key"|abc/);
});
