import { expect, it } from "vitest";
import { isAway, isRefusal } from "./away.ts";

const error = (message: string, code?: string) => Object.assign(new Error(message), code !== undefined && { code });

it.each([
  error("connect ECONNREFUSED 127.0.0.1:6379", "ECONNREFUSED"),
  error("getaddrinfo ENOTFOUND cache", "ENOTFOUND"),
  error("Connection is closed."),
  error("Command timed out"),
  error("Reached the max retries per request limit (which is 0)."),
  error("All sentinels are unreachable. Last error: Connection is closed."),
  error("Failed to refresh slots cache."),
  error("Too many Cluster redirections. Last error: ReplyError: CLUSTERDOWN The cluster is down"),
  error("READONLY You can't write against a read only replica."),
  error("LOADING Redis is loading the dataset in memory"),
  error("CLUSTERDOWN Hash slot not served"),
  error("TRYAGAIN Multiple keys request during rehashing of slot"),
  error("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
  error("NOREPLICAS Not enough good replicas to write."),
  error("OOM command not allowed when used memory > 'maxmemory'."),
  error("MISCONF Redis is configured to save RDB snapshots"),
  error("NOAUTH Authentication required."),
])("$message: Redis is away", (it) => {
  expect(isAway(it)).toBe(true);
});

it.each([
  error("ERR user_script:12: attempt to index a nil value script: 0123"),
  error("WRONGTYPE Operation against a key holding the wrong kind of value"),
  error("CROSSSLOT Keys in request don't hash to the same slot"),
  error("NOSCRIPT No matching script."),
])("$message: Redis is there", (it) => {
  expect([isAway(it), isRefusal(it)]).toEqual([false, false]);
});

it("a refusal is what a password or a permission is needed for", () => {
  const words = ["NOAUTH Authentication required.", "WRONGPASS invalid username-password pair", "NOPERM no permission"];
  expect(words.map((it) => isRefusal(error(it)))).toEqual([true, true, true]);
  expect(isRefusal(error("LOADING Redis is loading"))).toBe(false);
});
