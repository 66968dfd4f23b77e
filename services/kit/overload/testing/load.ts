import type { DescMethod } from "@bufbuild/protobuf";
import { pino } from "pino";
import { incomingOf } from "#kit/testing/call.ts";
import { contractOf } from "#kit/testing/contract.ts";
import { Call } from "../../call.ts";
import type { SimulatedRequest } from "./simulation.ts";

/** Numbers from 0 up to 1 that a seed determines (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a test's RPC promises. */
export interface Promised {
  readonly objectiveMs: number;
  readonly timeoutMs: number;
}

/** An RPC with an objective and a timeout. */
export function rpcOf({ objectiveMs, timeoutMs }: Promised): DescMethod {
  const policy = {
    callers: ["edge"],
    user: 1,
    timeout: { seconds: BigInt(Math.floor(timeoutMs / 1000)), nanos: (timeoutMs % 1000) * 1_000_000 },
    objective: { latencyMs: objectiveMs, availability: 0.99 },
  };
  const [method] = contractOf([{ name: "Say", policy }]).methods;
  if (method === undefined) throw new Error("no method");
  return method;
}

/** A stretch of time with the same load. */
export interface Phase {
  readonly forMs: number;
  /** Requests a second, each at its own time. */
  readonly rate: number;
  readonly cpuMs: (random: () => number) => number;
  readonly waitMs?: (random: () => number) => number;
}

/** Costs that are mostly small and sometimes large, with this mean. */
export const around = (meanMs: number) => (random: () => number) => -Math.log(1 - random()) * meanMs;

/** Requests of one RPC that come at random, phase after phase. */
export function requestsOf(promised: Promised, phases: readonly Phase[], random: () => number): SimulatedRequest[] {
  const incoming = incomingOf(rpcOf(promised));
  const log = pino({ level: "silent" });
  const call = () => Object.assign(new Call(incoming, log), { message: incoming.message });
  const requests: SimulatedRequest[] = [];
  let startMs = 0;
  for (const { forMs, rate, cpuMs, waitMs = () => 0 } of phases) {
    for (let atMs = startMs; ; ) {
      atMs += around(1000 / rate)(random);
      if (atMs >= startMs + forMs) break;
      const cost = { cpuMs: cpuMs(random), waitMs: waitMs(random) };
      requests.push({ atMs, ...cost, withinMs: promised.timeoutMs, call });
    }
    startMs += forMs;
  }
  return requests;
}
