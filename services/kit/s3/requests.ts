import { createHash } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { type BucketItem, Client } from "minio";
import { isLost, S3Error, toS3Error } from "./error.ts";
import type { S3Head, S3Listed, S3Object, S3Options, S3Put } from "./s3.ts";
import { createTransport, type Transport } from "./transport.ts";

/** Single requests to one bucket, each with its whole answer; all end with an S3Error where they fail. */
export interface Requests {
  put(key: string, bytes: Uint8Array, options: S3Put): Promise<string>;
  head(key: string): Promise<S3Head>;
  get(key: string): Promise<S3Object>;
  getRange(key: string, range: { start: number; end: number; etag: string }): Promise<Buffer>;
  list(prefix: string, after: string, limit: number): Promise<S3Listed[]>;
  delete(keys: readonly string[]): Promise<void>;
  /** Whether the bucket is there and open to these keys; the error says why not. */
  look(): Promise<void>;
  create(): Promise<void>;
  ping(): Promise<void>;
  /** Lets go of connections that nobody uses: they may be broken. */
  dropIdle(): void;
  /** What the work asks for ends with the signal. */
  within: Transport["within"];
  close(): void;
}

const METADATA = "x-amz-meta-";
const ETAG = /^(?:W\/)?"?|"?$/g;

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function headOf(headers: IncomingHttpHeaders): S3Head {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith(METADATA)) metadata[name.slice(METADATA.length)] = String(value);
  return {
    sizeBytes: Number(headers["content-length"]),
    etag: (headers.etag ?? "").replace(ETAG, ""),
    metadata,
  };
}

function listedOf({ name, size, lastModified }: BucketItem): S3Listed {
  return { key: name ?? "", sizeBytes: size, modifiedMs: lastModified?.getTime() ?? 0 };
}

function headersOf(bytes: Uint8Array, { contentType, metadata = {}, only }: S3Put): Record<string, string> {
  return {
    "content-type": contentType ?? "application/octet-stream",
    "content-md5": createHash("md5").update(bytes).digest("base64"),
    ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [METADATA + name, value])),
    ...(only === "absent" && { "if-none-match": "*" }),
    ...(typeof only === "object" && { "if-match": `"${only.etag}"` }),
  };
}

/** Tries once more where a connection was lost: every request here may be made twice. */
async function attempt<T>(work: () => Promise<T>): Promise<T> {
  const once = () =>
    work().catch((error: unknown) => {
      throw toS3Error(error);
    });
  return once().catch((error: unknown) => {
    if (!isLost(error)) throw error;
    return once();
  });
}

/** Requests to the bucket of the settings. */
export function createRequests({ settings, lookup }: Pick<S3Options, "settings" | "lookup">): Requests {
  const { host, port, useTls, bucket, region, style, accessKey, secretKey, sessionToken } = settings;
  const { transport, agent, dropIdle, within } = createTransport(settings, lookup);
  const client = new Client({
    endPoint: host,
    ...(port !== undefined && { port }),
    useSSL: useTls,
    accessKey,
    secretKey,
    ...(sessionToken !== undefined && { sessionToken }),
    // Always: the client would ask for it before the first request, and after each error.
    region,
    pathStyle: style === "path",
    transport,
    transportAgent: agent,
    // Its own way waits up to a minute and writes to the console.
    retryOptions: { disableRetry: true },
  });
  const ask = (method: string, key: string | undefined, headers: Record<string, string>, body: Buffer | "" = "") =>
    client.makeRequestAsync(
      { method, bucketName: bucket, ...(key !== undefined && { objectName: key }), headers },
      body,
      [200, 206],
    );
  return {
    put: (key, bytes, options) =>
      attempt(async () => {
        const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const response = await ask("PUT", key, headersOf(bytes, options), body);
        await bytesOf(response);
        return headOf(response.headers).etag;
      }),
    head: (key) =>
      attempt(async () => {
        const response = await ask("HEAD", key, {});
        await bytesOf(response);
        return headOf(response.headers);
      }),
    get: (key) =>
      attempt(async () => {
        const response = await ask("GET", key, {});
        return { ...headOf(response.headers), bytes: await bytesOf(response) };
      }),
    getRange: (key, { start, end, etag }) =>
      attempt(async () => {
        const response = await ask("GET", key, { range: `bytes=${start}-${end}`, "if-match": `"${etag}"` });
        const bytes = await bytesOf(response);
        if (bytes.length !== end - start + 1) throw new S3Error("IncompleteBody", `it sent ${bytes.length} bytes`);
        return bytes;
      }),
    async list(prefix, after, limit) {
      const found: S3Listed[] = [];
      let token = "";
      do {
        const page = await attempt(() =>
          client.listObjectsV2Query(bucket, prefix, token, "", limit - found.length, token === "" ? after : ""),
        );
        found.push(...page.objects.map(listedOf));
        token = page.isTruncated ? page.nextContinuationToken : "";
      } while (token !== "" && found.length < limit);
      return found;
    },
    delete: (keys) =>
      attempt(async () => {
        const results = (await client.removeObjects(bucket, [...keys])) as { Code?: string; Message?: string }[];
        // Gone is gone: some say so of what another replica removed a moment earlier.
        const failed = results.find((it) => it !== undefined && it.Code !== "NoSuchKey");
        if (failed !== undefined)
          throw new S3Error(failed.Code ?? "Unknown", failed.Message ?? "an object could not be removed");
      }),
    look: () =>
      attempt(async () => {
        await client.listObjectsV2Query(bucket, "", "", "", 1, "");
      }),
    create: () => attempt(() => client.makeBucket(bucket, region)),
    ping: () =>
      attempt(async () => {
        await bytesOf(await ask("HEAD", undefined, {}));
      }),
    dropIdle,
    within,
    close: () => agent.destroy(),
  };
}
