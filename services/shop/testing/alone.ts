import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startGuard } from "#kit/testing/engines/guard.ts";

/** A program of the shop in a process of its own. It ends when the test's process does, however that ends. */
export interface Alone {
  readonly pid: number;
  /** All it has written so far, to either stream. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** The exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts a file below services/ with these settings and no others. */
export function startAlone(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Alone {
  const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
  const { PATH = "" } = process.env;
  const guard = startGuard(undefined);
  const child = spawn(process.execPath, [path, ...args], {
    env: { PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own is what can be guarded.
    detached: true,
  });
  guard.watch(child.pid);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return {
    pid: child.pid ?? 0,
    output: () => output,
    kill: (signal) => void child.kill(signal),
    ended: once(child, "close").then(async ([code]) => {
      guard.watch(undefined);
      await guard.end();
      return code as number | null;
    }),
  };
}
