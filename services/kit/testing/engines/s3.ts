import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "minio";
import { minioProgram, versityProgram } from "./programs/s3.ts";
import { startServer, type TestServer } from "./server.ts";

const HOST = "127.0.0.1";
const KEY = "shopmesh";
const SECRET = "shopmesh-secret";
const REGION = "us-east-1";
const BUCKET = "shop";
const TIMEOUT_MS = 2_000;

/** Where it keeps its data, and on which port; both of its own when left out. */
export interface S3Options {
  readonly folder?: string;
  readonly port?: number;
}

/** Starts a MinIO of its own: a second. Its bucket "shop" is not made. */
export async function startMinio({ folder, port }: S3Options = {}): Promise<TestServer> {
  const program = await minioProgram();
  return startServer({
    name: "minio",
    folder,
    port,
    command: async (onPort, dir) => [program, "server", join(dir, "data"), "--address", `${HOST}:${onPort}`, "--quiet"],
    env: {
      MINIO_ROOT_USER: KEY,
      MINIO_ROOT_PASSWORD: SECRET,
      MINIO_REGION: REGION,
      MINIO_BROWSER: "off",
      // It looks for a newer version otherwise.
      MINIO_UPDATE: "off",
    },
    isReady: (onPort) => healthy(`http://${HOST}:${onPort}/minio/health/ready`),
    url,
  });
}

/** Starts Versity's gateway over a directory of its own. Its bucket "shop" is not made. */
export async function startVersityGateway({ folder, port }: S3Options = {}): Promise<TestServer> {
  const program = await versityProgram();
  return startServer({
    name: "versitygw",
    folder,
    port,
    async command(onPort, dir) {
      const data = join(dir, "data");
      const sidecar = join(dir, "sidecar");
      await Promise.all([data, sidecar].map((it) => mkdir(it, { recursive: true })));
      const account = ["--access", KEY, "--secret", SECRET, "--region", REGION];
      // Metadata beside the files: not every file system has extended attributes.
      return [
        program,
        "--port",
        `${HOST}:${onPort}`,
        "--health",
        "/health",
        ...account,
        "posix",
        "--sidecar",
        sidecar,
        data,
      ];
    },
    isReady: (onPort) => healthy(`http://${HOST}:${onPort}/health`),
    url,
  });
}

const url = (port: number) => `http://${KEY}:${SECRET}@${HOST}:${port}/${BUCKET}?region=${REGION}`;

async function healthy(address: string): Promise<void> {
  const answer = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`${address} says ${answer.status}`);
}

/** Makes the bucket of an S3 URL, unless it is there. */
export async function makeBucket(s3Url: string): Promise<void> {
  const url = new URL(s3Url);
  const region = url.searchParams.get("region") ?? "us-east-1";
  const client = new Client({
    endPoint: url.hostname,
    port: Number(url.port),
    useSSL: url.protocol === "https:",
    accessKey: decodeURIComponent(url.username),
    secretKey: decodeURIComponent(url.password),
    region,
  });
  const bucket = url.pathname.slice(1);
  if (!(await client.bucketExists(bucket))) await client.makeBucket(bucket, region);
}
