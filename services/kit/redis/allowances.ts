import type { SharedAllowances } from "../pipeline/rate-limit.ts";
import type { Redis } from "./redis.ts";
import { defineScript } from "./script.ts";

/**
 * A token bucket in one number: when it will be full again, in microseconds of the server's clock. A call moves that by what
 * one call takes to refill, and is refused if the bucket were empty for it. ARGV: calls, the period in microseconds. Answers
 * the microseconds to wait; 0: the call may be made.
 */
const TAKE = defineScript(`
local period = tonumber(ARGV[2])
local cost = math.floor(period / tonumber(ARGV[1]))
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0)) + cost
if full - now > period then return full - now - period end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return 0
`);

const US_PER_MS = 1_000;

/** Allowances in Redis, under its clock; nobody can say while it is away, or slower than `redis` waits. */
export function createSharedAllowances(redis: Redis): SharedAllowances {
  return {
    async take(key, { requests, periodMs }) {
      try {
        const waitUs = await redis.run(TAKE, [redis.key("limit", ...key)], [requests, periodMs * US_PER_MS]);
        return Math.ceil(Number(waitUs) / US_PER_MS);
      } catch {
        // The metrics tell; and what is wrong with the connection is in the log.
        return undefined;
      }
    },
  };
}
