import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { isAlive, sendSignal } from "#kit/embedded-postgres/process.ts";

const STOP_TIMEOUT_MS = 20_000;
const POLL_MS = 25;

/** Sends a signal to a process and all below it; nothing when it has ended, or was never started. */
export async function signalAll(pid: number | undefined, signal: NodeJS.Signals): Promise<void> {
  if (pid === undefined || !isAlive(pid)) return;
  // The first process first: stopped, it makes no more of them.
  sendSignal(pid, signal);
  for (const it of await descendants(pid)) sendSignal(it, signal);
}

/** Ends a process in the way the signal stands for, and waits; harder when that takes too long. SIGKILL ends all below it, too. */
export async function endProcess(pid: number, signal: NodeJS.Signals): Promise<void> {
  if (!isAlive(pid)) return;
  const pids = signal === "SIGKILL" ? [pid, ...(await descendants(pid))] : [pid];
  for (const it of pids) sendSignal(it, signal);
  // What is paused does not even take this.
  if (signal !== "SIGKILL") await signalAll(pid, "SIGCONT");
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (pids.some(isAlive)) {
    if (Date.now() > deadline) return endProcess(pid, "SIGKILL");
    await sleep(POLL_MS);
  }
}

/** All processes below one. */
async function descendants(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid="]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((it) => it.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    rows.flatMap(([child = 0, of]) => (of === parent ? [child, ...below(child)] : []));
  return below(pid);
}
