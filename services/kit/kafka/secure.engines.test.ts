import { randomBytes, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Admin } from "@platformatic/kafka";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthority } from "../testing/certificates.ts";
import { freePort } from "../testing/engines/ports.ts";
import { runFor } from "../testing/engines/programs/find.ts";
import { kafkaProgram } from "../testing/engines/programs/kafka.ts";
import { startServer, type TestServer } from "../testing/engines/server.ts";
import { within } from "./errors.ts";
import { createKafka, guardConnections } from "./kafka.ts";
import { createPublisher } from "./publisher.ts";
import { scanTopic } from "./scan.ts";
import { readKafka } from "./settings.ts";
import { createTopics } from "./topics.ts";

const USER = { KAFKA_USERNAME: "shop", KAFKA_PASSWORD: "hush-hush" };
let broker: TestServer;
let files: string;
let secure: Record<string, string>;

function open(env: Record<string, string>) {
  const settings = readKafka(env);
  if (settings === undefined) throw new Error("no brokers");
  return createKafka({ settings, name: "test", log: pino({ level: "silent" }) });
}

const plainLogin = (users: Record<string, string>) =>
  `org.apache.kafka.common.security.plain.PlainLoginModule required username="broker" password="between" ${Object.entries(
    { broker: "between", ...users },
  )
    .map(([name, password]) => `user_${name}="${password}"`)
    .join(" ")};`;
const SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule required;";

function properties(port: number, controllerPort: number, data: string): string {
  return Object.entries({
    "node.id": 1,
    "process.roles": "broker,controller",
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "SECURE",
    listeners: `SECURE://localhost:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "listener.security.protocol.map": "SECURE:SASL_SSL,CONTROLLER:PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "listener.name.secure.plain.sasl.jaas.config": plainLogin({ [USER.KAFKA_USERNAME]: USER.KAFKA_PASSWORD }),
    "listener.name.secure.scram-sha-256.sasl.jaas.config": SCRAM_LOGIN,
    "listener.name.secure.scram-sha-512.sasl.jaas.config": SCRAM_LOGIN,
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": join(files, "keystore.pem"),
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": join(files, "ca.pem"),
    "log.dirs": data,
    "offsets.topic.replication.factor": 1,
  })
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
}

async function startSecureBroker(): Promise<TestServer> {
  const { java, classPath } = await kafkaProgram();
  const controllerPort = await freePort();
  return startServer({
    name: "kafka",
    async command(port, folder) {
      const file = join(folder, "server.properties");
      const data = join(folder, "data");
      await writeFile(file, properties(port, controllerPort, data));
      const users = ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((it) => [
        "--add-scram",
        `${it}=[name=${USER.KAFKA_USERNAME},password=${USER.KAFKA_PASSWORD}]`,
      ]);
      const tool = ["-cp", classPath, "kafka.tools.StorageTool", "format", "-c", file, ...users];
      if (!existsSync(join(data, "meta.properties")))
        await runFor("Kafka", java, [...tool, `--cluster-id=${randomBytes(16).toString("base64url")}`]);
      return [java, "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classPath, "kafka.Kafka", file];
    },
    async isReady(port) {
      const admin = new Admin({ ...open({ ...secure, KAFKA_BROKERS: `localhost:${port}` }).client, retries: 0 });
      guardConnections(admin.connections);
      try {
        await within(3_000, "starting", admin.metadata({ topics: [] }));
      } finally {
        void admin.close().catch(() => {});
      }
    },
    url: (port) => `localhost:${port}`,
  });
}

beforeAll(async () => {
  files = await mkdtemp(join(tmpdir(), "shopmesh-test-kafka-tls-"));
  const authority = await createAuthority();
  const { cert, key } = await authority.issue({ hosts: ["localhost"] });
  await writeFile(join(files, "keystore.pem"), `${key}\n${cert}`);
  await writeFile(join(files, "ca.pem"), authority.ca);
  secure = { KAFKA_TLS: "true", KAFKA_CA: join(files, "ca.pem"), KAFKA_SASL: "plain", ...USER };
  broker = await startSecureBroker();
  secure.KAFKA_BROKERS = broker.url;
});
afterAll(async () => {
  await broker?.close();
  await rm(files, { recursive: true, force: true });
});

/** Writes to a topic of its own, and reads it. */
async function use(env: Record<string, string>): Promise<string[]> {
  const kafka = open({ ...secure, ...env });
  const name = randomUUID();
  await createTopics(kafka).ensure({ name, partitions: 1, configs: {} });
  const publisher = createPublisher(kafka);
  await publisher.publish([{ topic: name, key: Buffer.from("key"), value: Buffer.from("value") }]);
  const seen: string[] = [];
  for await (const { value } of scanTopic(kafka, name)) seen.push(`${value}`);
  await publisher.close();
  return seen;
}

describe("a Kafka with TLS and passwords", () => {
  it.each(["plain", "scram-sha-256", "scram-sha-512"])("is used with %s", async (mechanism) => {
    expect(await use({ KAFKA_SASL: mechanism })).toEqual(["value"]);
  });

  it.each([
    ["a wrong password", { KAFKA_PASSWORD: "guess", KAFKA_SASL: "scram-sha-512" }, /SASL authentication failed/],
    ["an authority that nobody knows", { KAFKA_CA: "" }, /certificate/],
    ["no TLS", { KAFKA_TLS: "false", KAFKA_CA: "" }, /closed|TLS/],
    ["no password", { KAFKA_SASL: "", KAFKA_USERNAME: "", KAFKA_PASSWORD: "" }, /closed/],
  ])("refuses %s, and the reason is told without the password", async (_, env, reason) => {
    const error = (await use(env).catch((it: unknown) => it)) as Error;
    const told = `${error.message} ${(error.cause as Error | undefined)?.message}`;
    expect(told).toMatch(reason);
    expect(told).not.toMatch(/guess|hush/);
  });
});
