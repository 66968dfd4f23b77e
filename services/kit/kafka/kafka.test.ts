import { MultipleErrors, NetworkError, ProtocolError, UserError } from "@platformatic/kafka";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { StartError } from "../start-error.ts";
import { has, isAway, readable, within } from "./errors.ts";
import type { StoredRecord } from "./fetch.ts";
import { createKafka } from "./kafka.ts";
import { createRecordQueue } from "./record-queue.ts";
import { readKafka } from "./settings.ts";

function open(env: Record<string, string>, lines: string[] = []) {
  const settings = readKafka({ KAFKA_BROKERS: "127.0.0.1:1", ...env });
  if (settings === undefined) throw new Error("no brokers");
  return createKafka({ settings, name: "test", log: pino({}, { write: (line: string) => void lines.push(line) }) });
}

describe("a Kafka", () => {
  it("is refused when the file of its authority cannot be read", () => {
    const env = { KAFKA_TLS: "true", KAFKA_CA: "/no/such/ca.pem" };
    expect(() => open(env)).toThrow(StartError);
    expect(() => open(env)).toThrow('KAFKA_CA is "/no/such/ca.pem", but that file cannot be read (ENOENT).');
  });

  it("warns of a password that goes over the network in the clear, and does not tell it", () => {
    const lines: string[] = [];
    open({ KAFKA_SASL: "plain", KAFKA_USERNAME: "shop", KAFKA_PASSWORD: "hush" }, lines);
    expect(lines.join()).toMatch(/in the clear/);
    expect(lines.join()).not.toMatch(/hush/);
  });
});

describe("an error of the driver's", () => {
  const refused = new NetworkError("Connection failed.", { cause: new Error("connect ECONNREFUSED 127.0.0.1:1") });
  it.each([
    [
      "a broker that is not there",
      new MultipleErrors("metadata failed 2 times.", [new MultipleErrors("Cannot connect.", [refused]), refused]),
      "Kafka: connect ECONNREFUSED 127.0.0.1:1",
      true,
    ],
    ["too few replicas", new ProtocolError("NOT_ENOUGH_REPLICAS"), /Kafka: .*replicas/i, true],
    ["a name that is none", new UserError("Bad topic."), "Kafka: Bad topic.", false],
  ])("tells of %s in one line, and whether it is away", (_, error, message, away) => {
    const told = readable(error) as Error;
    expect(told.message).toMatch(message);
    expect(isAway(told)).toBe(away);
    expect(told.cause).toBe(undefined);
  });

  it("is found however deep it lies", () => {
    const error = new MultipleErrors("", [new MultipleErrors("", [new ProtocolError("TOPIC_ALREADY_EXISTS")])]);
    expect(has(readable(error), "apiId", "TOPIC_ALREADY_EXISTS")).toBe(true);
    expect(has(error, "apiId", "UNKNOWN_PRODUCER_ID")).toBe(false);
    expect(has(undefined, "apiId", "UNKNOWN_PRODUCER_ID")).toBe(false);
  });

  it("does not come of what never ends: that is away after its time", async () => {
    const late = await within(10, "waiting", new Promise(() => {})).catch((error: unknown) => error);
    expect(isAway(late)).toBe(true);
    expect(late).toMatchObject({ message: "Kafka: waiting took longer than 10 ms" });
  });
});

describe("a queue of records", () => {
  const record = (offset: number, bytes = 1): StoredRecord => ({
    partition: 0,
    offset: BigInt(offset),
    key: null,
    value: Buffer.alloc(bytes),
    headers: [],
  });

  it("gives them out in order, waits for more, and ends with its signal", async () => {
    const over = new AbortController();
    const queue = createRecordQueue(over.signal);
    queue.push([record(1), record(2)]);
    expect([(await queue.next())?.offset, (await queue.next())?.offset]).toEqual([1n, 2n]);
    const third = queue.next();
    queue.push([]);
    queue.push([record(3)]);
    expect((await third)?.offset).toBe(3n);
    const fourth = queue.next();
    over.abort();
    expect(await fourth).toBe(undefined);
    queue.push([record(4)]);
    expect(await queue.next()).toBe(undefined);
  });

  it("has room for so many records, and for so many bytes", async () => {
    const queue = createRecordQueue(new AbortController().signal);
    expect(queue.hasRoom).toBe(true);
    queue.push([record(1, 2_000_000)]);
    expect(queue.hasRoom).toBe(false);
    await queue.next();
    expect(queue.hasRoom).toBe(true);
    queue.push(Array.from({ length: 50 }, (_, n) => record(n)));
    expect(queue.hasRoom).toBe(false);
    await queue.next();
    expect(queue.hasRoom).toBe(true);
  });
});
