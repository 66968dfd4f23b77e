import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Admin } from "@platformatic/kafka";
import { freePort } from "./ports.ts";
import { runFor } from "./programs/find.ts";
import { kafkaProgram } from "./programs/kafka.ts";
import { type ServerSet, startServer, type TestServer, together } from "./server.ts";

const HOST = "127.0.0.1";
const HEAP = "-Xmx384m";
const TIMEOUT_MS = 5_000;
const BROKER_SESSION_MS = 3_000;
const BROKER_HEARTBEAT_MS = 500;

/** Kafka's brokers: do as one server, all of them together. */
export interface KafkaCluster extends ServerSet {
  readonly url: string;
  /** "127.0.0.1:1,127.0.0.1:2": as KAFKA_BROKERS takes them; `url` is the same. */
  readonly brokers: readonly string[];
  readonly members: readonly TestServer[];
}

/** How many brokers, and where they are kept. */
export interface KafkaOptions {
  /** Brokers, each of them a controller too. */
  readonly brokers?: 1 | 3;
  readonly folder?: string;
  /** The port of the only broker. */
  readonly port?: number;
  /** What the only broker tells clients where it is, "127.0.0.1:20000": a proxy before it. It listens on `port`. */
  readonly advertise?: string;
}

interface Node {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
}

/** Starts Kafka without ZooKeeper (KRaft): three to ten seconds. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaCluster> {
  const ports = await Promise.all(Array.from({ length: 2 * (options.brokers ?? 1) }, freePort));
  const nodes = Array.from({ length: options.brokers ?? 1 }, (_, index) => ({
    id: index + 1,
    port: options.port ?? (ports[2 * index] as number),
    controllerPort: ports[2 * index + 1] as number,
  }));
  const clusterId = randomBytes(16).toString("base64url");
  const members = await Promise.all(nodes.map((it) => startBroker(it, nodes, clusterId, options)));
  const brokers = nodes.map(({ port }) => options.advertise ?? `${HOST}:${port}`);
  return {
    url: brokers.join(","),
    brokers,
    members,
    ...together(members),
  };
}

async function startBroker(
  node: Node,
  nodes: readonly Node[],
  clusterId: string,
  { folder, advertise }: KafkaOptions,
): Promise<TestServer> {
  const { java, classPath } = await kafkaProgram();
  return startServer({
    name: "kafka",
    folder: folder === undefined ? undefined : join(folder, `${node.id}`),
    port: node.port,
    async command(_, dir) {
      const file = join(dir, "server.properties");
      await writeFile(file, properties(node, nodes, join(dir, "data"), advertise));
      // Formatted once: after that it has an identity to keep.
      if (!existsSync(join(dir, "data", "meta.properties")))
        await runFor("Kafka", java, [
          "-cp",
          classPath,
          "kafka.tools.StorageTool",
          "format",
          // As one word: an id may begin with a hyphen.
          `--cluster-id=${clusterId}`,
          "-c",
          file,
        ]);
      const tuning = [HEAP, "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
      return [java, ...tuning, "-cp", classPath, "kafka.Kafka", file];
    },
    isReady: (port) => answers(`${HOST}:${port}`, nodes.length),
    url: (port) => `${HOST}:${port}`,
  });
}

/** As a broker on a server has them, but quick, and for so many brokers as there are. */
function properties(node: Node, nodes: readonly Node[], data: string, advertise: string | undefined): string {
  const replicas = nodes.length;
  return Object.entries({
    "node.id": node.id,
    "process.roles": "broker,controller",
    "controller.quorum.voters": nodes.map((it) => `${it.id}@${HOST}:${it.controllerPort}`).join(","),
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "CLIENT",
    listeners: `CLIENT://${HOST}:${node.port},CONTROLLER://${HOST}:${node.controllerPort}`,
    "advertised.listeners": `CLIENT://${advertise ?? `${HOST}:${node.port}`}`,
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "log.dirs": data,
    "num.partitions": 1,
    "default.replication.factor": replicas,
    "offsets.topic.num.partitions": 4,
    "offsets.topic.replication.factor": replicas,
    "transaction.state.log.num.partitions": 4,
    "transaction.state.log.replication.factor": replicas,
    "transaction.state.log.min.isr": Math.min(2, replicas),
    "min.insync.replicas": Math.min(2, replicas),
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1_000,
    "auto.create.topics.enable": false,
    "num.network.threads": 2,
    "num.io.threads": 2,
    "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
    // A broker that comes back is taken for another one until its session of before has ended.
    "broker.session.timeout.ms": BROKER_SESSION_MS,
    "broker.heartbeat.interval.ms": BROKER_HEARTBEAT_MS,
  })
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
}

/** Fails as long as not all brokers are known to the one asked. */
async function answers(broker: string, count: number): Promise<void> {
  const admin = new Admin({
    clientId: "engines",
    bootstrapBrokers: [broker],
    connectTimeout: TIMEOUT_MS,
    requestTimeout: TIMEOUT_MS,
    retries: 0,
  });
  admin.on("error", () => {});
  try {
    const { brokers } = await admin.metadata({ topics: [] });
    if (brokers.size < count) throw new Error(`knows ${brokers.size} of ${count} brokers`);
  } finally {
    await admin.close().catch(() => {});
  }
}
