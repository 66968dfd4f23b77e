import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Whether the system knows the process, even if only its exit status is left. */
export function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Whether the process runs: one whose exit status nobody has collected does not. */
export function isAlive(pid: number): boolean {
  return commandLine(pid) !== "";
}

/** Program and arguments of a process; empty when it has ended. */
export function commandLine(pid: number): string {
  if (!exists(pid)) return "";
  try {
    if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    const command = execFileSync("ps", ["-ww", "-o", "command=", "-p", String(pid)], { encoding: "utf8" });
    return command.includes("<defunct>") ? "" : command;
  } catch {
    return "";
  }
}

/** Does nothing when the process has ended already. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
