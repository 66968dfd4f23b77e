import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import type { Answered, Asked, Question, Questions, Ready } from "./messages.ts";

type Answers = { [Q in Question]?: (ask: Questions[Q]["ask"]) => Promise<Questions[Q]["answer"]> };

const SAMPLING_INTERVAL_US = 500;
// A variable rather than an argument, so that a list of processes stays readable.
const SETUP_VARIABLE = "BENCH_SETUP";

function profiler() {
  const session = new Session();
  return {
    async profile() {
      session.connect();
      await session.post("Profiler.enable");
      await session.post("Profiler.setSamplingInterval", { interval: SAMPLING_INTERVAL_US });
      await session.post("Profiler.start");
      return null;
    },
    async profiled({ path }: { path: string }) {
      const { profile } = await session.post("Profiler.stop");
      writeFileSync(path, JSON.stringify(profile));
      session.disconnect();
      return null;
    },
  };
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** The second figure of proc(5)'s schedstat, in nanoseconds. */
function waitedUs(): number {
  if (!existsSync("/proc/self/schedstat")) return 0;
  return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[1]) / 1000;
}

/**
 * The measured side of a process: starts with what its starter gave it, says that it is ready, answers questions, and
 * ends when the starter does.
 */
export async function beChild<Setup>(
  start: (setup: Setup) => Promise<{ ready: unknown; answers?: Answers }>,
): Promise<void> {
  const setup = JSON.parse(process.env[SETUP_VARIABLE] ?? "null") as Setup;
  if (process.send === undefined || setup === null) throw new Error("This is started by `npm run bench`.");
  const { ready, answers: own } = await start(setup);
  const answers: Answers = { cpu: async () => cpuUs(), waited: async () => waitedUs(), ...profiler(), ...own };
  process.on("disconnect", () => process.exit(0));
  process.on("message", async ({ id, question, ask }: Asked) => {
    const answer = (await (answers[question] as ((ask: unknown) => Promise<unknown>) | undefined)?.(ask)) ?? null;
    process.send?.({ id, answer } satisfies Answered);
  });
  process.send({ ready } satisfies Ready);
}
