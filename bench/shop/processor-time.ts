import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Programs that are measured, by name, each with the process it began with. */
export type Programs = ReadonlyMap<string, number>;

/** Microseconds of processor time by program. */
export type ProcessorTime = ReadonlyMap<string, number>;

const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
const US_PER_TICK = 1_000_000 / TICKS_PER_SECOND;

/** The fields of a process that matter here (proc_pid_stat(5)); times in clock ticks. */
export interface ProcessStat {
  readonly parent: number;
  /** User and system time of the process itself. */
  readonly ownTicks: number;
  /** The same of its children that have ended and were waited for. */
  readonly endedTicks: number;
}

/** Reads `/proc/<pid>/stat`. The name in it may hold blanks and brackets, so the fields are counted from its end. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const at = (field: number) => Number(fields[field - 3]);
  return { parent: at(4), ownTicks: at(14) + at(15), endedTicks: at(16) + at(17) };
}

function statOf(pid: number | string): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined; // it ended meanwhile
  }
}

/** What each program has used so far: its first process, those that live below it, and those that have ended. */
export function processorTime(programs: Programs): ProcessorTime {
  const living = readdirSync("/proc").flatMap((it) => (/^\d+$/.test(it) ? [statOf(it)] : []));
  return new Map(
    [...programs].map(([name, pid]) => {
      const first = statOf(pid);
      if (first === undefined) throw new Error(`${name} has ended`);
      const below = living.reduce((sum, it) => (it?.parent === pid ? sum + it.ownTicks : sum), 0);
      return [name, (first.ownTicks + first.endedTicks + below) * US_PER_TICK];
    }),
  );
}

/** What was used between two moments. */
export function used(from: ProcessorTime, to: ProcessorTime): ProcessorTime {
  return new Map([...to].map(([name, us]) => [name, us - (from.get(name) ?? 0)]));
}

/** Of all programs together. */
export function totalUs(time: ProcessorTime): number {
  return [...time.values()].reduce((sum, it) => sum + it, 0);
}
