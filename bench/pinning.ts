import { spawnSync } from "node:child_process";
import { availableParallelism, platform } from "node:os";

// The measured process has a core for itself; whatever makes load has another.
const CORES = { server: "0", load: "1" } as const;

const available =
  platform() === "linux" &&
  availableParallelism() > 1 &&
  spawnSync("taskset", ["-c", CORES.load, "true"]).status === 0 &&
  spawnSync("taskset", ["-c", CORES.server, "true"]).status === 0;

/** A command that runs on the core for the measured process, or on the one for load; anywhere where there is no choice. */
export function pinned(core: keyof typeof CORES, command: readonly string[]): readonly string[] {
  return available ? ["taskset", "-c", CORES[core], ...command] : command;
}

/** A sentence for the head of the output. */
export const PINNING = available
  ? `The measured process runs on core ${CORES.server} alone, load comes from core ${CORES.load}.`
  : "Nothing is pinned to a core (no taskset, or one core only): load and the measured process disturb each other.";
