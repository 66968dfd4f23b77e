import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { parseS3 } from "./settings.ts";
import { awaitBucket } from "./wait.ts";

/** An answer of an S3 that says no; undefined is a yes. */
type No =
  | { readonly status: number; readonly code?: string; readonly more?: string; readonly text?: string }
  | undefined;

const LIST = `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>`;
const warned: object[] = [];
const log = { warn: (fields: object) => void warned.push(fields) };
let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
  server = undefined;
  warned.length = 0;
});

async function listen(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://key:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}/shop`;
}

/** Stands in for an S3 whose answers no server at hand gives: they come in order, the last for ever. */
function standIn(answers: readonly No[], seen: string[] = []): Promise<string> {
  let asked = 0;
  return listen((request: IncomingMessage, response) => {
    seen.push(`${request.method} ${request.url?.split("?")[0]}`);
    const no = answers[Math.min(asked++, answers.length - 1)];
    const xml =
      no?.code && `<?xml version="1.0"?><Error><Code>${no.code}</Code><Message>no</Message>${no.more ?? ""}</Error>`;
    response.writeHead(no?.status ?? 200, { "content-type": "application/xml" }).end(no?.text ?? xml ?? LIST);
  });
}

const waitFor = (url: string, waitMs = 5_000, signal?: AbortSignal) =>
  awaitBucket({ settings: parseS3(url, "S3_URL", {}), log, waitMs, ...(signal && { signal }) });

const NO_BUCKET: No = { status: 404, code: "NoSuchBucket" };

describe("a bucket is waited for", () => {
  it.each<[string, readonly No[], RegExp]>([
    ["an unknown key", [{ status: 403, code: "InvalidAccessKeyId" }], /refuses the keys \(InvalidAccessKeyId\)/],
    ["a wrong secret", [{ status: 403, code: "SignatureDoesNotMatch" }], /look at the access key and its secret/],
    [
      "another region",
      [{ status: 400, code: "AuthorizationHeaderMalformed", more: "<Region>eu-west-3</Region>" }],
      /set S3_URL's region=eu-west-3/,
    ],
    ["a redirect", [{ status: 301, code: "PermanentRedirect" }], /in another region: set S3_URL's region=…/],
    [
      "keys that may not",
      [{ status: 403, code: "AccessDenied" }],
      /denies access to the bucket "shop": allow these keys/,
    ],
    [
      "no bucket",
      [NO_BUCKET, { status: 403, code: "AccessDenied" }],
      /no bucket "shop", and these keys may not make one/,
    ],
    [
      "another's bucket",
      [NO_BUCKET, { status: 409, code: "BucketAlreadyExists" }],
      /somebody else's: choose another name/,
    ],
    ["a clock that is wrong", [{ status: 403, code: "RequestTimeTooSkewed" }], /the clock of this machine is wrong/],
    ["anything else", [{ status: 400, code: "Strange" }], /refuses the bucket "shop": no \(Strange\)/],
    [
      "what is no S3",
      [{ status: 200, text: "<html><body>Hello</body></html>" }],
      /^The S3 of S3_URL \(127\.0\.0\.1:\d+\) /,
    ],
  ])("but not with %s, which waiting does not mend", async (_, answers, says) => {
    const error = await waitFor(await standIn(answers)).catch((it: unknown) => it);
    expect(error).toMatchObject({ name: "StartError", message: expect.stringMatching(says) });
    expect((error as Error).message).not.toContain("s3cret");
  });

  it.each<[string, readonly No[], string[]]>([
    ["made where it is missing", [NO_BUCKET, undefined], ["GET /shop", "PUT /shop"]],
    [
      "taken from who made it at the same moment",
      [NO_BUCKET, { status: 409, code: "BucketAlreadyOwnedByYou" }],
      ["GET /shop", "PUT /shop"],
    ],
    [
      "asked for again while the server starts",
      [{ status: 503, code: "XMinioServerNotInitialized" }, undefined],
      ["GET /shop", "GET /shop"],
    ],
    ["asked for again when that was too much", [{ status: 429 }, undefined], ["GET /shop", "GET /shop"]],
  ])("and %s", async (_, answers, asked) => {
    const seen: string[] = [];
    await waitFor(await standIn(answers, seen));
    expect(seen).toEqual(asked);
  });

  it("for a time only, and says once that it waits", async () => {
    const url = await standIn([{ status: 503, code: "SlowDown" }]);
    await expect(waitFor(url, 700)).rejects.toThrow(/did not answer within \d seconds: it answered 503 SlowDown\.$/);
    expect(warned).toEqual([{ reason: "it answered 503 SlowDown" }]);
  });

  it("until nobody wants it any more", async () => {
    const url = await standIn([{ status: 503 }]);
    await expect(waitFor(url, 60_000, AbortSignal.timeout(200))).rejects.toThrow(/abort|timeout/i);
  });

  it("also where nobody listens yet", async () => {
    const url = await standIn([]);
    server?.close();
    await expect(waitFor(url, 100)).rejects.toThrow(/did not answer within 1 seconds|within 0 seconds|ECONNREFUSED/);
  });
});
