import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { type CallOptions, type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import jwt from "jsonwebtoken";
import { pino } from "pino";
import { createTokenVerifier, type JwkSet, type RoleClaim, TOKEN_ISSUER } from "../identity/access-token.ts";
import { createProofs, proofIdentity } from "../identity/proof.ts";
import { workloadSecret } from "../identity/secret.ts";
import { WORKLOAD_HEADER } from "../identity/workload.ts";
import { createShared, type Main, type Running, type Shared, startService } from "../kit.ts";
import { DEFAULT_PORTS, readSettings, type Workload } from "../settings.ts";
import { testPostgres } from "./postgres.ts";

/** Some services of the shop on free ports, over a database of their own, as a test needs them. */
export interface TestMesh {
  readonly shared: Shared;
  readonly postgresUrl: string;
  /** The base URL of a workload that runs. */
  url(workload: Workload): string;
  /** The header fields of calls by this workload. */
  prove(caller: string): Readonly<Record<string, string>>;
  /** A client that calls as this workload; "edge" is what a browser or grpcurl is. */
  client<T extends DescService>(service: T, options?: { caller?: string; workload?: Workload }): Client<T>;
  /** Call options with the access token of a user; the same id is the same user; a negative life has expired. */
  as(
    role: RoleClaim,
    userId?: string,
    lifeSeconds?: number,
  ): CallOptions & { readonly userId: string; readonly token: string };
  /** Stops one service, or starts one (again). */
  stop(workload: Workload): Promise<void>;
  start(workload: Workload, main: Main): Promise<Running>;
  close(): Promise<void>;
}

const TOKEN_SECONDS = 600;

/** A token issuer for tests, with the keys to check its tokens. */
function createTestIssuer() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const kid = "test";
  const jwk = { ...publicKey.export({ format: "jwk" }), kid };
  return {
    jwk,
    sign: (role: RoleClaim, userId: string, lifeSeconds: number) =>
      jwt.sign({ sid: randomUUID(), role }, privateKey, {
        algorithm: "ES256",
        keyid: kid,
        subject: userId,
        issuer: TOKEN_ISSUER,
        audience: TOKEN_ISSUER,
        expiresIn: lifeSeconds,
      }),
  };
}

/** Starts services for a test; `env` are settings as the environment would give them. */
export async function startTestMesh(
  mains: Partial<Record<Workload, Main>>,
  options: { env?: Record<string, string>; postgresUrl?: string } = {},
): Promise<TestMesh> {
  const dataDir = await mkdtemp(join(tmpdir(), "shopmesh-test-"));
  const freePorts = Object.fromEntries(Object.keys(DEFAULT_PORTS).map((it) => [`${it.toUpperCase()}_PORT`, "0"]));
  const settings = readSettings({
    DATA_DIR: dataDir,
    LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? "silent",
    DEMO_CATALOGUE: "false",
    ...freePorts,
    ...options.env,
  });
  const postgresUrl = options.postgresUrl ?? (await testPostgres());
  const issuer = createTestIssuer();
  const proofs = createProofs(await workloadSecret(dataDir));
  const identities = { of: async (it: string) => proofIdentity(proofs, it), tls: undefined };
  const log = pino({ level: settings.logLevel });
  const own = await createShared({ settings, log, postgresUrl, identities });
  const { addresses } = own;
  const fetchKeys = async (): Promise<JwkSet> => {
    const auth = addresses.get("auth");
    const real =
      auth === undefined ? [] : ((await (await fetch(`${auth}/.well-known/jwks.json`)).json()) as JwkSet).keys;
    return { keys: [issuer.jwk, ...real] };
  };
  const shared: Shared = { ...own, tokens: createTokenVerifier(fetchKeys) };
  const running = new Map<Workload, Running>();
  const url = (workload: string) => {
    const address = addresses.get(workload);
    if (address === undefined) throw new Error(`${workload} does not run in this test`);
    return address;
  };
  const mesh: TestMesh = {
    shared,
    postgresUrl,
    url,
    prove: (caller) => ({ [WORKLOAD_HEADER]: proofs.prove(caller) }),
    client(service, { caller = "edge", workload = service.typeName.split(".")[1] as Workload } = {}) {
      const transport = createGrpcTransport({
        baseUrl: url(workload),
        interceptors: [
          (next) => (request) => {
            request.header.set(WORKLOAD_HEADER, proofs.prove(caller));
            return next(request);
          },
        ],
      });
      return createClient(service, transport);
    },
    as(role, userId = randomUUID(), lifeSeconds = TOKEN_SECONDS) {
      const token = issuer.sign(role, userId, lifeSeconds);
      return { headers: { authorization: `Bearer ${token}` }, userId, token };
    },
    async stop(workload) {
      await running.get(workload)?.close();
      running.delete(workload);
      addresses.delete(workload);
    },
    async start(workload, main) {
      const service = await startService(shared, workload, main);
      running.set(workload, service);
      return service;
    },
    async close() {
      for (const service of [...running.values()].reverse()) await service.close();
      await shared.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  for (const [workload, main] of Object.entries(mains)) await mesh.start(workload as Workload, main);
  return mesh;
}
