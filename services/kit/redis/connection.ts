import type { Logger } from "pino";
import { NOT_CONNECTED } from "./away.ts";
import { type Client, createClient, isWrongDatabase, UNASKED_PASSWORD } from "./client.ts";
import { runScript, type Script } from "./script.ts";
import type { RedisSettings } from "./settings.ts";

/** A connection to Redis that comes back by itself. What it fails with is the driver's word, for `isAway`. */
export interface RedisConnection {
  /** "10.0.0.1:6379": where it is, for people. */
  readonly at: string;
  /** The name of a key among the shop's own; what is in `{…}` decides on its slot in a Cluster. */
  key(...parts: readonly string[]): string;
  /** Runs a script; its keys lie in one slot. */
  run(script: Script, keys: readonly string[], values?: readonly (string | number)[]): Promise<unknown>;
  /** Writes a little: answers whether changes are possible, not only whether somebody is there. */
  ping(): Promise<void>;
  /** What "INFO" says of a section, by name; of a Cluster one of its masters. */
  info(section: string): Promise<ReadonlyMap<string, string>>;
  /** Grows whenever there may be another server at the other end, or one that began anew: it may know less. */
  readonly epoch: number;
  /** What went wrong with the connection last; undefined while it stands. */
  readonly trouble: Error | undefined;
  close(): void;
}

const PING_LIFE_MS = 60_000;
/** So long the first commands wait for a connection that is just being made: that there is none yet says nothing of Redis. */
const CONNECTING_MAX_MS = 1_000;

/** An error without what the driver hangs on it: the command with its values, passwords among them. */
function bare(error: unknown): Error {
  const { message, code } = error as { message: string; code?: string };
  return Object.assign(new Error(message), code !== undefined && { code, name: "RedisError" });
}

/** What the driver says of a command while there is no connection: not why. */
const IS_WITHOUT = /^(Stream isn't writeable|Cluster isn't ready)/;

/** The same in a sentence for people. */
function withoutConnection(trouble: Error | undefined): Error {
  return new Error(trouble === undefined ? NOT_CONNECTED : `${NOT_CONNECTED} (${trouble.message})`);
}

/** The innermost of what went wrong: what a node of the Cluster said. */
function troubleOf(error: Error & { lastNodeError?: Error }): Error {
  const trouble = bare(error.lastNodeError ?? error);
  trouble.message = trouble.message.replace(/ Retrying from scratch after [\d.]+ms\./, "");
  return trouble;
}

/** Remembers what goes wrong, and logs the first of a row; without it the driver would write to standard error. */
function watch(client: Client, at: string, log: Pick<Logger, "warn">): () => Error | undefined {
  let trouble: Error | undefined;
  const onError = (error: Error) => {
    const isFirst = trouble === undefined;
    trouble = troubleOf(error);
    if (isFirst) log.warn({ reason: trouble.message, redis: at }, "the connection to Redis is in trouble");
  };
  client.on("error", onError);
  client.on("node error", onError);
  // That a Sentinel does not answer is no trouble while another does; it tells why none does.
  client.on("sentinelError", (error: Error) => {
    if (trouble !== undefined) trouble = bare(error);
  });
  client.once(UNASKED_PASSWORD, () =>
    log.warn({ redis: at }, "REDIS_URL has a password, but Redis asks for none: whoever reaches it may change all"),
  );
  client.on("ready", () => {
    if (trouble !== undefined && isWrongDatabase(trouble)) return;
    if (trouble !== undefined) log.warn({ redis: at }, "connected to Redis again");
    trouble = undefined;
  });
  return () => trouble;
}

/** Connects for the first time: done when that came to an end, in whatever way, or takes too long. */
async function connect(client: Client): Promise<void> {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, CONNECTING_MAX_MS).unref();
  client.once("error", () => resolve());
  client.connect().then(resolve, () => resolve()); // what fails is told by "error", and tried again
  await ended;
  clearTimeout(timer);
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  const fields = text.split("\r\n").filter((it) => it.includes(":"));
  return new Map(fields.map((it) => [it.slice(0, it.indexOf(":")), it.slice(it.indexOf(":") + 1)]));
}

/**
 * Opens a connection, which nobody waits for: see `awaitRedis`.
 * @param name what Redis shows of it: "shopmesh-cart"
 */
export function openRedis(settings: RedisSettings, name: string, log: Pick<Logger, "warn">): RedisConnection {
  const client = createClient(settings, name);
  const at = settings.nodes.map((it) => `${it.host}:${it.port}`).join(",");
  const troubleNow = watch(client, at, log);
  let epoch = 0;
  for (const event of ["ready", "-node"]) client.on(event, () => epoch++);
  let connecting: Promise<void> | undefined = connect(client).finally(() => {
    connecting = undefined;
  });
  const key = (...parts: readonly string[]) => [settings.prefix, ...parts].join(":");
  const command = async <T>(send: () => Promise<T>): Promise<T> => {
    await connecting;
    const trouble = troubleNow();
    if (trouble !== undefined && isWrongDatabase(trouble)) throw trouble;
    try {
      return await send();
    } catch (error) {
      throw IS_WITHOUT.test((error as Error).message) ? withoutConnection(troubleNow()) : bare(error);
    }
  };
  return {
    at,
    key,
    run: (script, keys, values = []) => command(() => runScript(client, script, keys, values)),
    async ping() {
      await command(() => client.set(key("ping"), "", "PX", PING_LIFE_MS));
    },
    info: async (section) => parseInfo(await command(() => client.info(section))),
    get epoch() {
      return epoch;
    },
    get trouble() {
      return troubleNow();
    },
    close: () => client.disconnect(),
  };
}
