import type { Env } from "../env.ts";
import { StartError } from "../start-error.ts";
import { type Login, parseRedisUrl, type RedisAddress } from "./url.ts";

/** Where Redis is, and what the shop calls its own there. */
export interface RedisSettings extends RedisAddress {
  /** What every key begins with, so that shops can share a Redis. */
  readonly prefix: string;
  /** PEM file of the authority of its certificates; undefined: those that Node.js trusts. */
  readonly caFile: string | undefined;
  /** Who we are to the Sentinels, where they ask. */
  readonly sentinelLogin: Login | undefined;
}

const PREFIX = "shopmesh";
// No braces: a cart's key says by them in which slot of a Cluster it lies.
const PREFIX_PATTERN = /^[A-Za-z0-9][A-Za-z0-9:._-]{0,63}$/;

function readPrefix(env: Env): string {
  const value = env.REDIS_PREFIX || PREFIX;
  if (!PREFIX_PATTERN.test(value))
    throw new StartError(
      `REDIS_PREFIX is "${value}", but it must be 1 to 64 letters, digits and ":._-", beginning with a letter or a digit.`,
    );
  return value;
}

function readSentinelLogin(env: Env, { kind }: RedisAddress): Login | undefined {
  const { REDIS_SENTINEL_USERNAME: username = "", REDIS_SENTINEL_PASSWORD: password = "" } = env;
  if (username === "" && password === "") return undefined;
  if (kind !== "sentinel")
    throw new StartError("REDIS_SENTINEL_PASSWORD is set, but REDIS_URL does not begin with redis+sentinel://.");
  if (password === "") throw new StartError("REDIS_SENTINEL_USERNAME is set without REDIS_SENTINEL_PASSWORD.");
  return { username: username || undefined, password };
}

/**
 * Where Redis is, from `REDIS_URL` and its companions; undefined where that is not set.
 * @throws StartError with a sentence that repeats no password
 */
export function readRedis(env: Env): RedisSettings | undefined {
  if (!env.REDIS_URL) return undefined;
  const address = parseRedisUrl("REDIS_URL", env.REDIS_URL);
  const caFile = env.REDIS_CA || undefined;
  if (caFile !== undefined && !address.tls)
    throw new StartError("REDIS_CA is set, but REDIS_URL does not begin with rediss, so there is no TLS.");
  return { ...address, prefix: readPrefix(env), caFile, sentinelLogin: readSentinelLogin(env, address) };
}
