import { ENGINES, type Engine } from "../../engines.ts";
import { type Container, confined, healthcheck, PROFILES, volumeAt } from "./container.ts";
import { variable } from "./variables.ts";

const { POSTGRES, REDIS, KEY, SECRET } = {
  POSTGRES: variable("POSTGRES_PASSWORD"),
  REDIS: variable("REDIS_PASSWORD"),
  KEY: variable("S3_ACCESS_KEY"),
  SECRET: variable("S3_SECRET_KEY"),
};
const port = (engine: Engine) => ENGINES[engine].port;
const NAME = "shopmesh";
const REPLICA_SET = "shop";

/** What services are told of where an engine is. MongoDB and Kafka ask for no password: only who uses them is in their network. */
export const ADDRESSES: Readonly<Record<Engine, string>> = {
  postgres: `postgres://${NAME}:${POSTGRES}@postgres:${port("postgres")}/${NAME}`,
  mongodb: `mongodb://mongodb:${port("mongodb")}/${NAME}?replicaSet=${REPLICA_SET}`,
  redis: `redis://:${REDIS}@redis:${port("redis")}/0`,
  s3: `http://${KEY}:${SECRET}@s3:${port("s3")}/${NAME}?region=us-east-1`,
  kafka: `kafka:${port("kafka")}`,
};

/** Makes one mongod a replica set, which change streams and majority writes want. */
const MONGODB_SETUP = "mongodb-setup";

/** Gives the S3's volume to the user that it runs as: its image has a folder that is root's alone. */
const S3_SETUP = "s3-setup";

/** What a service waits for that uses an engine. */
export function readyOf(engine: Engine): NonNullable<Container["depends_on"]> {
  return engine === "mongodb"
    ? { [MONGODB_SETUP]: { condition: "service_completed_successfully" } }
    : { [engine]: { condition: "service_healthy" } };
}

/** The images' own users; MinIO's image has none but root, so that it runs as the shop's. */
const USER = {
  postgres: "999:999",
  mongodb: "999:999",
  redis: "999:999",
  kafka: "1000:1000",
  s3: "1000:1000",
} as const;
/** Memory that a container's programs may use as a disk, owned by its user. */
function scratch(path: string, user: string): string {
  const [uid, gid] = user.split(":");
  return `${path}:uid=${uid},gid=${gid},mode=0700`;
}

function postgres(): Container {
  return confined({
    profiles: PROFILES,
    image: "docker.io/library/postgres:18.4",
    user: USER.postgres,
    command: ["postgres", "-c", "max_connections=200"],
    environment: { POSTGRES_USER: NAME, POSTGRES_PASSWORD: POSTGRES, POSTGRES_DB: NAME },
    networks: { postgres: {} },
    volumes: [volumeAt("postgres", "/var/lib/postgresql")],
    tmpfs: [scratch("/tmp", USER.postgres), scratch("/var/run/postgresql", USER.postgres)],
    // Over TCP: while the database is made, the server answers on its socket alone.
    healthcheck: healthcheck(["CMD", "pg_isready", "-q", "-h", "127.0.0.1", "-p", `${port("postgres")}`, "-U", NAME]),
    mem_limit: "512m",
  });
}

function mongodb(): Record<string, Container> {
  const server = confined({
    profiles: ["full"],
    image: "docker.io/library/mongo:8.0.17",
    user: USER.mongodb,
    command: ["mongod", "--replSet", REPLICA_SET, "--bind_ip_all", "--wiredTigerCacheSizeGB", "0.25"],
    // Its shell writes a history.
    environment: { HOME: "/tmp" },
    networks: { mongodb: {} },
    volumes: [volumeAt("mongodb", "/data/db"), volumeAt("mongodb-config", "/data/configdb")],
    tmpfs: [scratch("/tmp", USER.mongodb)],
    healthcheck: healthcheck(["CMD", "mongosh", "--quiet", "--eval", "db.adminCommand({ ping: 1 }).ok || quit(1)"]),
    mem_limit: "1g",
  });
  const setup = confined({
    profiles: ["full"],
    image: variable("SHOPMESH_IMAGE"),
    build: { context: "." },
    command: ["services/kit/mongo/initiate.ts"],
    environment: { MONGODB_URL: ADDRESSES.mongodb, LOG_LEVEL: variable("LOG_LEVEL") },
    networks: { mongodb: {} },
    depends_on: { mongodb: { condition: "service_healthy" } },
    healthcheck: { disable: true },
    mem_limit: "256m",
    restart: "no",
  });
  return { mongodb: server, [MONGODB_SETUP]: setup };
}

/** Carts live here: every change is in the file within a second, and nothing is thrown away when memory runs short. */
function redis(): Container {
  const durable = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""];
  const memory = ["--maxmemory", "192mb", "--maxmemory-policy", "noeviction"];
  return confined({
    profiles: ["full"],
    image: "docker.io/library/redis:7.4.7-bookworm",
    user: USER.redis,
    command: ["redis-server", "--requirepass", REDIS, ...durable, ...memory],
    environment: { REDISCLI_AUTH: REDIS },
    networks: { redis: {} },
    volumes: [volumeAt("redis", "/data")],
    healthcheck: healthcheck(["CMD-SHELL", `redis-cli -h 127.0.0.1 -p ${port("redis")} ping | grep -q PONG`]),
    mem_limit: "384m",
  });
}

/** Who keeps the pictures makes their bucket. */
function s3(): Record<string, Container> {
  const data = volumeAt("s3", "/data");
  const server = confined({
    profiles: ["full"],
    image: "docker.io/minio/minio:RELEASE.2025-09-07T16-13-09Z",
    user: USER.s3,
    entrypoint: ["minio"],
    command: ["server", "/data", "--address", `:${port("s3")}`],
    environment: { MINIO_ROOT_USER: KEY, MINIO_ROOT_PASSWORD: SECRET, MINIO_BROWSER: "off", MC_CONFIG_DIR: "/tmp/mc" },
    networks: { s3: {} },
    // A volume that is empty takes the owner that its folder has in an image: not in this one.
    volumes: [{ ...data, volume: { nocopy: true } }],
    tmpfs: [scratch("/tmp", USER.s3)],
    healthcheck: healthcheck(["CMD", "mc", "ready", "local"]),
    depends_on: { [S3_SETUP]: { condition: "service_completed_successfully" } },
    mem_limit: "512m",
  });
  const setup = confined({
    profiles: ["full"],
    image: variable("SHOPMESH_IMAGE"),
    build: { context: "." },
    command: ["--eval", "fs.accessSync('/data', fs.constants.W_OK)"],
    network_mode: "none",
    volumes: [data],
    healthcheck: { disable: true },
    mem_limit: "256m",
    restart: "no",
  });
  return { s3: server, [S3_SETUP]: setup };
}

const KAFKA_CONTROLLER_PORT = 9093;

/** Broker and controller in one, for one node: topics have one copy of each partition. */
function kafka(): Container {
  return confined({
    profiles: ["full"],
    image: "docker.io/apache/kafka:4.1.1",
    user: USER.kafka,
    environment: {
      CLUSTER_ID: "c2hvcG1lc2gtY29tcG9zZQ",
      KAFKA_NODE_ID: "1",
      KAFKA_PROCESS_ROLES: "broker,controller",
      KAFKA_LISTENERS: `PLAINTEXT://:${port("kafka")},CONTROLLER://:${KAFKA_CONTROLLER_PORT}`,
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://kafka:${port("kafka")}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
      KAFKA_CONTROLLER_LISTENER_NAMES: "CONTROLLER",
      KAFKA_CONTROLLER_QUORUM_VOTERS: `1@localhost:${KAFKA_CONTROLLER_PORT}`,
      KAFKA_LOG_DIRS: "/var/lib/kafka/data",
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: "false",
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: "1",
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: "1",
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: "1",
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: "0",
      KAFKA_HEAP_OPTS: "-Xms256m -Xmx512m",
    },
    networks: { kafka: {} },
    volumes: [volumeAt("kafka", "/var/lib/kafka/data")],
    // It opens this port when it is ready to serve.
    healthcheck: healthcheck(["CMD", "bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${port("kafka")}`]),
    mem_limit: "1g",
    // Its start script writes its settings beside its programs.
    read_only: false,
  });
}

/** The engines, by the names under which services know them. */
export function engineContainers(): Record<string, Container> {
  return { postgres: postgres(), ...mongodb(), redis: redis(), ...s3(), kafka: kafka() };
}
