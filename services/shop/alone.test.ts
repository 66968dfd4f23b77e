import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { eventually } from "#kit/testing/eventually.ts";
import { testPostgres } from "#kit/testing/postgres.ts";
import { type Alone, startAlone } from "./testing/alone.ts";

/** Processes take their time to start on a busy machine. */
const PROCESSES_MS = 120_000;

let dataDir: string;
let running: Alone[];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "shopmesh-alone-"));
  running = [];
});
afterEach(async () => {
  for (const it of running) it.kill("SIGKILL");
  await Promise.all(running.map((it) => it.ended));
  await rm(dataDir, { recursive: true, force: true });
});

function start(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Alone {
  const alone = startAlone(file, args, { DATA_DIR: dataDir, ...env });
  running.push(alone);
  return alone;
}

/** The port that a service says it serves on. */
const portOf = (alone: Alone) =>
  vi.waitFor(() => {
    const found = /"port":(\d+),"msg":"serving"/.exec(alone.output());
    expect(found, alone.output()).not.toBeNull();
    return Number(found?.[1]);
  }, PROCESSES_MS);

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

describe("a service in a process of its own", () => {
  it(
    "serves, and when told to stop says that it is not ready, answers what it has begun and ends with 0",
    async () => {
      const url = await testPostgres();
      const env = { POSTGRES_URL: url, AUTH_PORT: "0", LOG_LEVEL: "info", SHUTDOWN_DELAY_MS: "3000" };
      const auth = start("auth/main.ts", [], env);
      const baseUrl = `http://127.0.0.1:${await portOf(auth)}`;
      expect((await fetch(`${baseUrl}/ready`)).status).toBe(200);

      const database = await connect(url);
      await database.query("BEGIN; LOCK TABLE auth.users");
      const person = { email: "ann@example.com", password: "correct horse", displayName: "Ann" };
      const call = createClient(AuthService, createGrpcTransport({ baseUrl })).signUp(person);
      const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      await eventually(async () => expect((await database.query(waiting)).rowCount).toBe(1));
      auth.kill("SIGTERM");
      await eventually(async () => {
        const answer = await fetch(`${baseUrl}/ready`);
        expect([answer.status, await answer.text()]).toEqual([503, "It is stopping.\n"]);
      });
      await database.query("ROLLBACK");
      await database.end();
      expect((await call).user?.email).toBe(person.email);
      expect(await auth.ended).toBe(0);
    },
    PROCESSES_MS,
  );

  const nobody = "postgres://nobody:s3cret@127.0.0.1:1/none";
  it.each<[string, string, string[], Record<string, string>, RegExp]>([
    ["without its database", "order", [], {}, /^POSTGRES_URL is not set, but order keeps its data in PostgreSQL/],
    ["without it for migrating", "cart", ["migrate"], {}, /^POSTGRES_URL is not set, but cart keeps/],
    ["with a wrong setting", "api", [], { API_PORT: "no" }, /^API_PORT is "no", but it must be a whole number/],
    ["with a wrong word", "api", ["migrat"], {}, /^There is no command "migrat"/],
    ["with one word too many", "cart", ["migrate", "x"], { POSTGRES_URL: nobody }, /^There is no command "migrate x"/],
  ])("%s does not start, and says so in a sentence", async (_, name, args, env, sentence) => {
    const service = start(`${name}/main.ts`, args, env);
    expect(await service.ended).toBe(1);
    expect(service.output().trim()).toMatch(sentence);
    expect(service.output().trim()).not.toContain("\n");
  });

  it("says what the database refuses, without the password", async () => {
    const url = new URL(await testPostgres());
    url.pathname = "/missing";
    const cart = start("cart/main.ts", ["migrate"], { POSTGRES_URL: url.href });
    expect(await cart.ended).toBe(1);
    expect(cart.output()).toContain('refuses the connection: database "missing" does not exist');
    if (url.password !== "") expect(cart.output()).not.toContain(url.password);
  });
});

describe("migrating alone", () => {
  it(
    "brings schemas to the newest version once, however many start at the same moment",
    async () => {
      const url = await testPostgres();
      const env = { POSTGRES_URL: url, IMAGE_STORE: "postgres" };
      const migrate = (names: readonly string[]) =>
        Promise.all(names.map((it) => start(`${it}/main.ts`, ["migrate"], env).ended));
      expect(await migrate(["order", "order", "product", "auth", "cart", "image"])).toEqual([0, 0, 0, 0, 0, 0]);

      const database = await connect(url);
      const applied = async () => {
        const tables = ["order", "product", "auth", "cart", "image", "events"].map((it) => `"${it}".migrations`);
        const outboxes = ["order", "product", "auth"].map((it) => `"${it}".outbox_migrations`);
        const each = [...tables, ...outboxes].map((it) => `SELECT '${it}' AS of, name, run_on FROM ${it}`);
        return (await database.query(`${each.join(" UNION ALL ")} ORDER BY 1, 2`)).rows as Record<string, unknown>[];
      };
      const first = await applied();
      const names = first.map((it) => `${it.of} ${it.name}`);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toContain('"events".migrations 001_event_log');
      expect(names).toContain('"order".outbox_migrations 001_outbox');
      expect(await migrate(["order"])).toEqual([0]);
      expect(await applied()).toEqual(first);
      await database.end();
    },
    PROCESSES_MS,
  );

  it.each(["api", "image", "edge"])("has nothing to do, and needs nothing, where %s keeps nothing", async (name) => {
    expect(await start(`${name}/main.ts`, ["migrate"], {}).ended).toBe(0);
    expect(await readdir(dataDir)).toEqual([]);
  });
});
