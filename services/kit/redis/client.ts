import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { Cluster, Redis } from "ioredis";
import { StartError } from "../start-error.ts";
import type { RedisSettings } from "./settings.ts";

/** The driver's connection, to one server or to a Cluster. */
export type Client = Redis | Cluster;

const CONNECT_TIMEOUT_MS = 2_000;
/** The longest that anybody waits for an answer; the engine (`createRedis`) gives up earlier. */
const COMMAND_TIMEOUT_MS = 2_500;
/** A connection on which nothing came for so long, though something should have, is given up. */
const SILENCE_MAX_MS = 3_000;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 1_000;
/** How often a command follows where a Cluster sends it: "moved", "ask", "try again". */
const REDIRECTIONS_MAX = 6;
const SLOTS_REFRESH_MS = 5_000;

/** Whether the database is not there; the driver tells it by "error" and goes on with the first one, which may be another's. */
export const isWrongDatabase = (error: Error) => error.message.includes("DB index");

/** Milliseconds until the next attempt to connect; spread, so that not all processes come at once. */
const retryDelayMs = (attempt: number) =>
  Math.round(Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2));

function tlsOptions({ tls, caFile }: RedisSettings): ConnectionOptions | undefined {
  if (!tls) return undefined;
  try {
    return caFile === undefined ? {} : { ca: readFileSync(caFile) };
  } catch (error) {
    throw new StartError(`REDIS_CA cannot be read: ${(error as Error).message}.`);
  }
}

/**
 * What every connection does. Nothing is queued while there is none, and nothing is sent twice: a change whose answer was lost
 * may have happened, and only its caller knows whether to repeat it.
 */
function commonOptions(settings: RedisSettings, name: string) {
  const tls = tlsOptions(settings);
  return {
    connectionName: name,
    protocol: 2 as const,
    disableClientInfo: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SILENCE_MAX_MS,
    maxLoadingRetryTime: RETRY_MAX_MS,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // A master that became a replica: another is master now.
    reconnectOnError: (error: Error) => error.message.startsWith("READONLY"),
    ...settings.login,
    ...(tls && { tls }),
  };
}

function openCluster(settings: RedisSettings, name: string): Cluster {
  const { tls } = settings;
  return new Cluster([...settings.nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelayMs,
    maxRedirections: REDIRECTIONS_MAX,
    // A command that was lost with its connection is not sent again.
    retryDelayOnFailover: 0,
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    // A certificate names a host, not its address.
    ...(tls && { dnsLookup: (host, callback) => callback(null, host) }),
    redisOptions: commonOptions(settings, name),
  });
}

/** What the client emits when Redis asks for no password, though it was given one. */
export const UNASKED_PASSWORD = "unasked password";
const UNASKED = /no password is set|without any password configured/;

/** Tells by an event what the driver would write to the console. */
function tellUnaskedPassword(client: Redis): Redis {
  const auth = client.auth.bind(client) as (...login: unknown[]) => Promise<"OK">;
  const tell = (error: Error): "OK" => {
    if (!UNASKED.test(error.message)) throw error;
    client.emit(UNASKED_PASSWORD);
    return "OK";
  };
  client.auth = ((...login: unknown[]) => auth(...login).catch(tell)) as Redis["auth"];
  return client;
}

/**
 * The driver for what the settings say; it connects when it is told to, or with the first command.
 * @param name what Redis shows of the connection
 * @throws StartError for a REDIS_CA that cannot be read
 */
export function createClient(settings: RedisSettings, name: string): Client {
  const { kind, nodes, master, database: db, sentinelLogin } = settings;
  if (kind === "cluster") return openCluster(settings, name);
  const common = commonOptions(settings, name);
  const options = { ...common, db, lazyConnect: true, enableOfflineQueue: false, retryStrategy: retryDelayMs };
  if (kind === "single") return tellUnaskedPassword(new Redis({ ...options, ...nodes[0] }));
  const client = new Redis({
    ...options,
    name: master,
    sentinels: [...nodes],
    sentinelRetryStrategy: retryDelayMs,
    sentinelCommandTimeout: COMMAND_TIMEOUT_MS,
    ...(sentinelLogin && { sentinelUsername: sentinelLogin.username, sentinelPassword: sentinelLogin.password }),
    ...(common.tls && { enableTLSForSentinelMode: true, sentinelTLS: common.tls }),
  });
  return tellUnaskedPassword(client);
}
