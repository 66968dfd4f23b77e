import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { debianProgram } from "#kit/testing/engines/programs/debian.ts";
import { runFor } from "#kit/testing/engines/programs/find.ts";
import { kafkaProgram } from "#kit/testing/engines/programs/kafka.ts";
import { mongodProgram } from "#kit/testing/engines/programs/mongod.ts";
import { postgresFolder } from "#kit/testing/engines/programs/postgres.ts";
import { minioProgram } from "#kit/testing/engines/programs/s3.ts";
import { unprivilegedUser } from "#kit/testing/engines/user.ts";
import { findEnvoy, installEnvoy } from "../../envoy-binary.ts";

/** How a container's program is run on this machine: what its image's start script does, and where its data is. */
export interface LocalServer {
  /** @returns the command line, from the container's own, with this machine's program */
  command(
    own: readonly string[],
    env: Readonly<Record<string, string>>,
    at: { port: number; folder: string },
  ): Promise<readonly string[]>;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  readonly stopSignal?: NodeJS.Signals;
}

const run = promisify(execFile);
const postgresUser = unprivilegedUser(["postgres"]);

/** As the image's start script does: makes the user and its database. */
const postgres: LocalServer = {
  user: postgresUser,
  stopSignal: "SIGINT",
  async command([, ...settings], env, { port, folder }) {
    const programs = await postgresFolder();
    const data = join(folder, "data");
    if (!existsSync(data)) {
      const { POSTGRES_USER = "", POSTGRES_PASSWORD = "", POSTGRES_DB = "" } = env;
      const password = join(folder, "password");
      await writeFile(password, POSTGRES_PASSWORD, { mode: 0o644 });
      const initial = [
        "-D",
        data,
        "-U",
        POSTGRES_USER,
        "--auth=scram-sha-256",
        `--pwfile=${password}`,
        "--no-sync",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
      ];
      await run(join(programs, "initdb"), initial, { cwd: folder, ...postgresUser });
      const making = run(join(programs, "postgres"), ["--single", "-D", data, "postgres"], {
        cwd: folder,
        ...postgresUser,
      });
      making.child.stdin?.end(`CREATE DATABASE ${POSTGRES_DB};\n`);
      await making;
    }
    return [
      join(programs, "postgres"),
      "-D",
      data,
      ...settings,
      "-c",
      `port=${port}`,
      "-c",
      "unix_socket_directories=",
    ];
  },
};

const mongodb: LocalServer = {
  command: async ([, ...args], _, { port, folder }) => [
    await mongodProgram(),
    ...args,
    "--port",
    `${port}`,
    "--dbpath",
    folder,
    "--nounixsocket",
    "--quiet",
  ],
};

const redis: LocalServer = {
  command: async ([, ...args], _, { port, folder }) => [
    await debianProgram("redis-server", "redis-server"),
    ...args,
    "--port",
    `${port}`,
    "--dir",
    folder,
  ],
};

const s3: LocalServer = {
  command: async ([, ...args]) => [await minioProgram(), ...args],
};

/** "KAFKA_NODE_ID" → "node.id": how the image reads its settings; what its programs are told is none of these. */
function kafkaProperties(env: Readonly<Record<string, string>>, data: string): string {
  const own = Object.entries(env).filter(([name]) => name.startsWith("KAFKA_") && name !== "KAFKA_HEAP_OPTS");
  const lines = own.map(([name, value]) => [name.slice("KAFKA_".length).toLowerCase().replaceAll("_", "."), value]);
  return Object.entries({ ...Object.fromEntries(lines), "log.dirs": data })
    .map((it) => it.join("="))
    .join("\n");
}

const kafka: LocalServer = {
  async command(_, env, { folder }) {
    const { java, classPath } = await kafkaProgram();
    const file = join(folder, "server.properties");
    const data = join(folder, "data");
    await writeFile(file, kafkaProperties(env, data));
    const format = ["kafka.tools.StorageTool", "format", `--cluster-id=${env.CLUSTER_ID ?? ""}`, "-c", file];
    if (!existsSync(join(data, "meta.properties"))) await runFor("Kafka", java, ["-cp", classPath, ...format]);
    return [
      java,
      ...(env.KAFKA_HEAP_OPTS ?? "").split(" "),
      "-XX:TieredStopAtLevel=1",
      "-cp",
      classPath,
      "kafka.Kafka",
      file,
    ];
  },
};

const edge: LocalServer = {
  command: async ([, ...args]) => [findEnvoy() ?? installEnvoy(), ...args, "--concurrency", "1"],
};

const prometheus: LocalServer = {
  command: async (args) => [await debianProgram("prometheus", "prometheus"), ...args],
};

/** Whose programs are not the shop's own; Grafana's is to be had as a container alone. */
export const SERVERS: Readonly<Record<string, LocalServer>> = { postgres, mongodb, redis, s3, kafka, edge, prometheus };
