// Every engine on this machine, for a developer: `npm run engines`. Prints what to set, and keeps them up until Ctrl-C.
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { StartError } from "#kit/start-error.ts";
import { startKafka } from "./kafka.ts";
import { keepEngines } from "./keep.ts";
import { startMongo } from "./mongo.ts";
import { startPostgres15 } from "./postgres15.ts";
import { startRedis } from "./redis.ts";
import { makeBucket, startMinio } from "./s3.ts";

/** Always the same, since what is kept names them; not the usual ones, which a developer may have in use. */
const PORTS = { postgres: 15_432, mongo: 17_017, redis: 16_379, s3: 19_000, kafka: 19_092 };

const folder = resolve(process.env.DATA_DIR || ".data", "engines");

async function requireFree(): Promise<void> {
  for (const [name, port] of Object.entries(PORTS)) {
    await new Promise<void>((free, reject) => {
      const server = createServer().once("error", () =>
        reject(new StartError(`Port ${port}, for ${name}, is taken: do the engines run already?`)),
      );
      server.listen(port, "127.0.0.1", () => server.close(() => free()));
    });
  }
}

async function start() {
  await requireFree();
  const of = (name: keyof typeof PORTS) => ({ folder: join(folder, name), port: PORTS[name] });
  const [postgres, mongo, redis, s3, kafka] = await Promise.all([
    startPostgres15(of("postgres")),
    startMongo(of("mongo")),
    startRedis(of("redis")),
    startMinio(of("s3")),
    startKafka(of("kafka")),
  ]);
  await makeBucket(s3.url);
  const settings = {
    POSTGRES_URL: postgres.url,
    MONGODB_URL: mongo.url,
    REDIS_URL: redis.url,
    S3_URL: s3.url,
    KAFKA_BROKERS: kafka.url,
  };
  return { settings, engines: { PostgreSQL: postgres, MongoDB: mongo, Redis: redis, MinIO: s3, Kafka: kafka } };
}

try {
  console.log(`Starting PostgreSQL, MongoDB, Redis, MinIO and Kafka; their data is kept in ${folder} …`);
  const { settings, engines } = await start();
  console.log("\nThey run. In another shell, before `npm start`:\n");
  for (const [name, value] of Object.entries(settings)) console.log(`export ${name}='${value}'`);
  console.log("\nCtrl-C stops them.");
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
  const staying = setInterval(() => {}, 60_000);
  await keepEngines(engines, stopping.signal);
  clearInterval(staying);
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exit(1);
}
