import { describe, expect, it } from "vitest";
import { readRedis } from "./settings.ts";

const SECRET = "hunter2";

describe("REDIS_URL", () => {
  it.each([
    ["redis://cache", { kind: "single", tls: false, nodes: [{ host: "cache", port: 6379 }], database: 0 }],
    ["rediss://cache:7000/3", { kind: "single", tls: true, nodes: [{ host: "cache", port: 7000 }], database: 3 }],
    ["redis://[::1]:7000/", { nodes: [{ host: "::1", port: 7000 }], database: 0 }],
    ["redis://:p%40ss:word@cache", { login: { username: undefined, password: "p@ss:word" } }],
    ["redis://ada:pw@cache", { login: { username: "ada", password: "pw" } }],
    [
      "redis+sentinel://:pw@s1,s2:26380/mymaster/2",
      {
        kind: "sentinel",
        nodes: [
          { host: "s1", port: 26_379 },
          { host: "s2", port: 26_380 },
        ],
        master: "mymaster",
        database: 2,
      },
    ],
    ["rediss+cluster://n1:7000,n2:7001", { kind: "cluster", tls: true, master: "", database: 0 }],
  ])("%s", (url, expected) => {
    expect(readRedis({ REDIS_URL: url })).toMatchObject({ prefix: "shopmesh", ...expected });
  });

  it("is optional", () => {
    expect([readRedis({}), readRedis({ REDIS_URL: "" })]).toEqual([undefined, undefined]);
  });

  it.each([
    [`http://:${SECRET}@cache`, "is no URL of a Redis"],
    [`redis://:${SECRET}@`, "is no URL of a Redis"],
    [`redis://:${SECRET}@cache:99999`, "names a host or a port"],
    [`redis://:${SECRET}@a,b`, "names 2 hosts"],
    [`redis+cluster://:${SECRET}@a,,b`, "names a host or a port"],
    [`redis://:${SECRET}@cache/first`, "database's number"],
    [`redis+sentinel://:${SECRET}@s1`, "master's name"],
    [`redis+cluster://:${SECRET}@n1/2`, "names a database"],
    [`redis://:${SECRET}%@cache`, "percent-encoded"],
  ])("refuses %s, and does not repeat it", (url, sentence) => {
    const read = () => readRedis({ REDIS_URL: url });
    expect(read).toThrow(
      `REDIS_URL ${sentence.startsWith("database") || sentence.startsWith("master") ? "does not end with" : ""}`,
    );
    expect(read).toThrow(sentence);
    expect(read).not.toThrow(SECRET);
  });

  it.each([
    [{ REDIS_PREFIX: "my{shop}" }, "REDIS_PREFIX"],
    [{ REDIS_CA: "ca.pem" }, "REDIS_CA"],
    [{ REDIS_SENTINEL_PASSWORD: SECRET }, "REDIS_SENTINEL_PASSWORD"],
  ])("refuses companions that do not fit: %j", (env, name) => {
    expect(() => readRedis({ REDIS_URL: "redis://cache", ...env })).toThrow(name);
    expect(() => readRedis({ REDIS_URL: "redis://cache", ...env })).not.toThrow(SECRET);
  });
});
