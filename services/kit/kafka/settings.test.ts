import { describe, expect, it } from "vitest";
import { StartError } from "../start-error.ts";
import { readKafka } from "./settings.ts";

const KAFKA_BROKERS = "a:9092";
const DEFAULTS = {
  brokers: ["a:9092"],
  tls: undefined,
  sasl: undefined,
  prefix: "",
  partitions: 6,
  replication: undefined,
  retentionDays: 7,
};
const USER = { KAFKA_USERNAME: "shop", KAFKA_PASSWORD: "hush" };

describe("Kafka's settings", () => {
  it.each([
    [{}, undefined],
    [{ KAFKA_BROKERS: "" }, undefined],
    [{ KAFKA_BROKERS }, DEFAULTS],
    [{ KAFKA_BROKERS: "a:9092, b:9093,[::1]:1" }, { ...DEFAULTS, brokers: ["a:9092", "b:9093", "[::1]:1"] }],
    [
      { KAFKA_BROKERS, KAFKA_TLS: "true" },
      { ...DEFAULTS, tls: { caFile: undefined } },
    ],
    [
      { KAFKA_BROKERS, KAFKA_TLS: "true", KAFKA_CA: "/ca.pem" },
      { ...DEFAULTS, tls: { caFile: "/ca.pem" } },
    ],
    [
      { KAFKA_BROKERS, KAFKA_SASL: "scram-sha-512", ...USER },
      { ...DEFAULTS, sasl: { mechanism: "SCRAM-SHA-512", username: "shop", password: "hush" } },
    ],
    [
      {
        KAFKA_BROKERS,
        KAFKA_TOPIC_PREFIX: "shop-1.",
        KAFKA_PARTITIONS: "12",
        KAFKA_REPLICATION: "2",
        KAFKA_RETENTION_DAYS: "30",
      },
      { ...DEFAULTS, prefix: "shop-1.", partitions: 12, replication: 2, retentionDays: 30 },
    ],
  ])("%j", (env, settings) => {
    expect(readKafka(env)).toEqual(settings);
  });

  it.each([
    [{ KAFKA_BROKERS: "kafka://a:9092" }, /KAFKA_BROKERS .*host:9092/],
    [{ KAFKA_BROKERS: "a" }, /KAFKA_BROKERS is "a"/],
    [{ KAFKA_BROKERS: "a:9092," }, /KAFKA_BROKERS/],
    [{ KAFKA_BROKERS: Array(33).fill("a:1").join(",") }, /more than 32/],
    [{ KAFKA_BROKERS, KAFKA_TLS: "yes" }, /KAFKA_TLS is "yes"/],
    [{ KAFKA_BROKERS, KAFKA_CA: "/ca.pem" }, /KAFKA_CA is set, but KAFKA_TLS/],
    [{ KAFKA_BROKERS, KAFKA_SASL: "gssapi", ...USER }, /KAFKA_SASL is "gssapi".*plain, scram-sha-256, scram-sha-512/],
    [{ KAFKA_BROKERS, KAFKA_SASL: "plain", KAFKA_USERNAME: "shop" }, /KAFKA_PASSWORD must be set/],
    [{ KAFKA_BROKERS, ...USER }, /KAFKA_SASL names no mechanism/],
    [{ KAFKA_BROKERS, KAFKA_TOPIC_PREFIX: "a b" }, /KAFKA_TOPIC_PREFIX is "a b"/],
    [{ KAFKA_BROKERS, KAFKA_PARTITIONS: "0" }, /KAFKA_PARTITIONS/],
    [{ KAFKA_BROKERS, KAFKA_REPLICATION: "x" }, /KAFKA_REPLICATION/],
    [{ KAFKA_BROKERS, KAFKA_RETENTION_DAYS: "-1" }, /KAFKA_RETENTION_DAYS/],
  ])("refuses %j", (env, sentence) => {
    expect(() => readKafka(env)).toThrow(StartError);
    expect(() => readKafka(env)).toThrow(sentence);
  });

  it("repeats no password that stands in a wrong place", () => {
    expect(() => readKafka({ KAFKA_BROKERS: "user:hush@a:9092" })).toThrow(/^((?!hush).)*$/);
  });
});
