import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { answers } from "./postgres15.ts";
import { pgbouncerProgram } from "./programs/postgres.ts";
import { startServer, type TestServer } from "./server.ts";
import { unprivilegedUser } from "./user.ts";

const HOST = "127.0.0.1";
/** Few, so that clients change connections often. */
const POOL_SIZE = 10;

/**
 * Starts PgBouncer in transaction mode before the PostgreSQL of a URL: a connection is a client's for a transaction only.
 * Its own `url` leads to the same database by way of it.
 */
export async function startPgbouncer(databaseUrl: string): Promise<TestServer> {
  const program = await pgbouncerProgram();
  const target = new URL(databaseUrl);
  return startServer({
    name: "pgbouncer",
    user: unprivilegedUser(["postgres"]),
    async command(port, folder) {
      const file = join(folder, "pgbouncer.ini");
      await writeFile(file, configuration(port, target));
      return [program, file];
    },
    isReady: (port) => answers(urlOf(port, target)),
    url: (port) => urlOf(port, target),
    stopSignal: "SIGTERM",
  });
}

function urlOf(port: number, target: URL): string {
  const url = new URL(target);
  url.host = `${HOST}:${port}`;
  return url.href;
}

/** With `auth_type = any` it takes whoever comes, and is the target's user to the database. */
const configuration = (port: number, target: URL) => `[databases]
* = host=${target.hostname} port=${target.port || 5432} user=${target.username}${target.password && ` password=${decodeURIComponent(target.password)}`}
[pgbouncer]
listen_addr = ${HOST}
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${POOL_SIZE}
max_client_conn = 500
ignore_startup_parameters = extra_float_digits,statement_timeout,lock_timeout,idle_in_transaction_session_timeout
`;
