import { redisProgram } from "../redis.ts";
import { kafkaProgram } from "./kafka.ts";
import { mongodProgram } from "./mongod.ts";
import { pgbouncerProgram, postgresFolder } from "./postgres.ts";
import { minioProgram, versityProgram } from "./s3.ts";

/** All that the tests start, those that are quickly had first. */
const PROGRAMS: readonly (() => Promise<unknown>)[] = [
  postgresFolder,
  pgbouncerProgram,
  redisProgram,
  mongodProgram,
  kafkaProgram,
  minioProgram,
  versityProgram,
];

/**
 * Gets every program that is missing, one after the other: from nothing it takes some minutes, which no test should wait for.
 *
 * @throws StartError that names what cannot be had
 */
export async function installPrograms(): Promise<void> {
  for (const get of PROGRAMS) await get();
}
