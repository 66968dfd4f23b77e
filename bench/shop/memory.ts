import { readdirSync, readFileSync } from "node:fs";
import { type Programs, parseStat } from "./processor-time.ts";

const KIB_PER_MIB = 1_024;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // it ended meanwhile
  }
}

/** A process's share of the memory in use: what it shares with others is divided among them (PSS). */
function shareMiB(pid: number | string): number {
  const kib = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? "")?.[1];
  return Number(kib ?? 0) / KIB_PER_MIB;
}

/** Memory by program in MiB: its first process and those below it. */
export function memoryOf(programs: Programs): ReadonlyMap<string, number> {
  const parents = readdirSync("/proc").flatMap((pid) => {
    const stat = /^\d+$/.test(pid) ? read(`/proc/${pid}/stat`) : undefined;
    return stat === undefined ? [] : [{ pid, parent: parseStat(stat).parent }];
  });
  const below = (pid: number) => parents.filter((it) => it.parent === pid).map((it) => it.pid);
  return new Map(
    [...programs].map(([name, pid]) => [name, [pid, ...below(pid)].reduce<number>((sum, it) => sum + shareMiB(it), 0)]),
  );
}
