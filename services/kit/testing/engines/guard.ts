import { spawn } from "node:child_process";

// Ends the server and removes its files when its input ends, which it does however the process that holds it dies.
const SCRIPT = `
trap '' HUP INT TERM
while read -r line; do pid=$line; done
[ -n "$pid" ] && kill -9 "-$pid" 2>/dev/null
[ -n "$1" ] && rm -rf -- "$1"
`;

/** Looks after one server for as long as this process lives. */
export interface Guard {
  /** This is the server now: the leader of a process group; none when it has ended. */
  watch(pid: number | undefined): void;
  /** Ends the server, where one runs, and removes its files; resolves when that is done. */
  end(): Promise<void>;
}

/**
 * A small process that outlives this one just long enough to end a server and to remove its files: nothing is left
 * behind, not even by a test run that is killed.
 *
 * @param folder what to remove at the end; nothing when undefined
 */
export function startGuard(folder: string | undefined): Guard {
  const guard = spawn("sh", ["-c", SCRIPT, "guard", folder ?? ""], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => guard.once("close", () => resolve()));
  guard.unref();
  // A server that is guarded is no reason for a process to stay.
  (guard.stdin as unknown as { unref?(): void }).unref?.();
  guard.stdin.on("error", () => {});
  return {
    watch: (pid) => void guard.stdin.write(`${pid ?? ""}\n`),
    async end() {
      guard.ref();
      guard.stdin.end();
      await ended;
    },
  };
}
