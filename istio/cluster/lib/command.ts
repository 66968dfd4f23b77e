import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** How a program is run. */
export interface CommandOptions {
  /** What it reads from its standard input. */
  readonly input?: string;
  readonly timeoutMs?: number;
  /** Whether what it writes to its standard error belongs to the answer. */
  readonly andErrors?: boolean;
}

const TIMEOUT_MS = 120_000;

/** A program ended with a failure; the message holds what it said. */
export class CommandError extends Error {}

const HOW_TO_GET: Readonly<Record<string, string>> = {
  kubectl: "see https://kubernetes.io/docs/tasks/tools/",
  istioctl: "see https://istio.io/latest/docs/ops/diagnostic-tools/istioctl/",
};

/**
 * Runs a program to its end.
 * @returns what it wrote to its standard output
 * @throws CommandError with what it wrote to its standard error
 */
export async function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const signal = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  const child = spawn(program, args, { stdio: "pipe", signal, killSignal: "SIGKILL" });
  child.stdin.on("error", () => {}); // it did not want to hear all of it
  child.stdin.end(options.input ?? "");
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  said.catch(() => {});
  const what = `${program} ${args.join(" ").slice(0, 200)}`;
  let code: unknown;
  try {
    [code] = await once(child, "close");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new CommandError(`The cluster test needs ${program} on the PATH: ${HOW_TO_GET[program] ?? "install it"}.`);
    throw new CommandError(signal.aborted ? `${what} took longer than allowed` : `${what}: ${error}`);
  }
  const [out, err] = await said;
  if (code !== 0) throw new CommandError(`${what}\n${err.trim() || out.trim()}`);
  return options.andErrors === true ? `${out}\n${err}` : out;
}
