import { randomBytes } from "node:crypto";
import net from "node:net";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { StartError } from "../start-error.ts";
import { eventually } from "../testing/eventually.ts";
import { testPostgres } from "../testing/postgres.ts";
import { awaitPostgres } from "./wait.ts";

let servers: net.Server[] = [];
afterEach(() => {
  for (const it of servers) it.close();
  servers = [];
});

/** Listens on a port of this machine. */
async function listen(port: number, onSocket: (socket: net.Socket) => void): Promise<number> {
  const server = net.createServer(onSocket);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return (server.address() as net.AddressInfo).port;
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const port = await listen(0, () => {});
  await new Promise((resolve) => servers.pop()?.close(resolve));
  return port;
}

function warnings() {
  const said: object[] = [];
  return { said, log: { warn: (fields: object) => void said.push(fields) } };
}

const at = (url: string, port: number) => Object.assign(new URL(url), { hostname: "127.0.0.1", port: `${port}` }).href;

describe("waiting for a database", () => {
  it("is over as soon as it answers, and says once that it waits", async () => {
    const url = await testPostgres();
    const port = await freePort();
    const { said, log } = warnings();
    const waiting = awaitPostgres({ url: at(url, port), log });
    await eventually(() => expect(said).toHaveLength(1));
    const { hostname, port: real } = new URL(url);
    await listen(port, (socket) => {
      const server = net.connect(Number(real), hostname);
      socket.pipe(server).pipe(socket);
      for (const it of [socket, server]) it.on("error", () => it.destroy());
    });
    await waiting;
    expect(said).toHaveLength(1);
  });

  it.each([
    ["nobody listens", () => freePort()],
    ["who listens hangs up", () => listen(0, (socket) => socket.destroy())],
  ])("ends with a sentence when %s for too long, without the password", async (_, portOf) => {
    const url = at("postgres://shop:s3cret@127.0.0.1/shop", await portOf());
    const waiting = awaitPostgres({ url, log: warnings().log, waitMs: 0 });
    await expect(waiting).rejects.toThrow(StartError);
    await expect(waiting).rejects.toThrow(/^The database of POSTGRES_URL \(127\.0\.0\.1:\d+\) did not answer within/);
    await expect(waiting).rejects.not.toThrow("s3cret");
  });

  it("does not wait for what no waiting mends", async () => {
    const url = Object.assign(new URL(await testPostgres()), { pathname: "/missing" }).href;
    const { said, log } = warnings();
    const waiting = awaitPostgres({ url, log });
    await expect(waiting).rejects.toThrow('refuses the connection: database "missing" does not exist.');
    expect(said).toEqual([]);
  });

  it("says that a URL names no database", async () => {
    const real = await testPostgres();
    const client = new pg.Client({ connectionString: real });
    await client.connect();
    const user = `test_${randomBytes(8).toString("hex")}`;
    await client.query(`CREATE ROLE ${user} LOGIN PASSWORD 's3cret'`);
    const url = Object.assign(new URL(real), { username: user, password: "s3cret", pathname: "" }).href;
    const waiting = awaitPostgres({ url, log: warnings().log });
    await expect(waiting.finally(() => client.query(`DROP ROLE ${user}`).then(() => client.end()))).rejects.toThrow(
      /refuses the connection: POSTGRES_URL names no database; it must end with \/database\.$/,
    );
  });

  it("ends when nobody wants it any more", async () => {
    const { said, log } = warnings();
    const stop = new AbortController();
    const url = at("postgres://shop@127.0.0.1/shop", await freePort());
    const waiting = awaitPostgres({ url, log, signal: stop.signal });
    await eventually(() => expect(said).toHaveLength(1));
    stop.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow();
  });
});
