import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Microseconds of processor time that the shop's two programs have used since they began. */
export interface ProcessorTime {
  /** The process that runs all services. */
  readonly nodeUs: number;
  /** PostgreSQL: its first process, those that live below it, and those that have ended. */
  readonly postgresUs: number;
}

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

/** What both programs have used so far. */
export function processorTime(nodePid: number, postmasterPid: number): ProcessorTime {
  const node = statOf(nodePid);
  const postmaster = statOf(postmasterPid);
  if (node === undefined || postmaster === undefined) throw new Error("The shop has ended");
  let ticks = postmaster.ownTicks + postmaster.endedTicks;
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? statOf(name) : undefined;
    if (stat?.parent === postmasterPid) ticks += stat.ownTicks;
  }
  return { nodeUs: node.ownTicks * US_PER_TICK, postgresUs: ticks * US_PER_TICK };
}

/** What was used between two moments. */
export function used(from: ProcessorTime, to: ProcessorTime): ProcessorTime {
  return { nodeUs: to.nodeUs - from.nodeUs, postgresUs: to.postgresUs - from.postgresUs };
}
