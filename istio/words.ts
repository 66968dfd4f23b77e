import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Deployment, EngineUse } from "#kit/deployment.ts";
import { ENGINES } from "./engines.ts";
import type { MeshMethod } from "./model.ts";

/** Whom a call serves, as a noun. */
export const USER_WORDS: Readonly<Record<User, string>> = {
  [User.UNSPECIFIED]: "nobody",
  [User.ANY]: "anybody",
  [User.GUEST]: "guest or user",
  [User.SIGNED_IN]: "signed-in user",
  [User.ADMIN]: "administrator",
};

/** Where a service's data lives. */
export const STORE_WORDS: Readonly<Record<Deployment["store"], string>> = {
  postgres: "keeps its data in PostgreSQL",
  none: "keeps no data",
};

/** What an engine can take over of what a service keeps. */
export const ENGINE_WORDS: Readonly<Record<EngineUse["keeps"], string>> = { data: "its data", events: "its events" };

/** "keeps its data in PostgreSQL, or its data on MongoDB and its events on Kafka" */
export function storeWords({ store, engines = [] }: Deployment): string {
  const others = engines.map(({ keeps, on }) => `${ENGINE_WORDS[keeps]} on ${ENGINES[on].words}`);
  return [STORE_WORDS[store], ...(others.length > 0 ? [`or ${listWords(others)}`] : [])].join(", ");
}

const PERIODS: Readonly<Record<number, string>> = { 1000: "second", 60000: "minute", 3600000: "hour" };
const BYTES_PER_KIB = 1024;

/** "250 ms", "2 s", "1.5 s" */
export function durationWords(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
}

/** "99.9 %" */
export function shareWords(share: number): string {
  return `${Number((share * 100).toFixed(6))} %`;
}

/** "1 MiB", "1.5 KiB" */
export function bytesWords(bytes: number): string {
  let size = bytes;
  for (const unit of ["bytes", "KiB", "MiB"]) {
    if (size < BYTES_PER_KIB) return `${Number(size.toFixed(1))} ${unit}`;
    size /= BYTES_PER_KIB;
  }
  return `${Number(size.toFixed(1))} GiB`;
}

/** "600 a minute", "5 in 10 s" */
export function rateWords({ requests, periodMs }: NonNullable<MeshMethod["rateLimit"]>): string {
  const period = PERIODS[periodMs];
  return period === undefined ? `${requests} in ${durationWords(periodMs)}` : `${requests} a ${period}`;
}

/** "a", "a and b", "a, b and c" */
export function listWords(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

/** "1 call", "2 calls" */
export function countWords(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
