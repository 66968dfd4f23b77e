import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { StartError } from "#kit/start-error.ts";

/** A program's last words, in an error: enough to see why. */
const OUTPUT_MAX_CHARS = 2_000;
const BUFFER_MAX_BYTES = 64 * 1024 * 1024;

/** Whether there is such a file or folder. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A program on the path, or in one of the folders that follow it; undefined where there is none. */
export async function findProgram(name: string, folders: readonly string[] = []): Promise<string | undefined> {
  for (const folder of [...(process.env.PATH ?? "").split(delimiter), ...folders]) {
    const path = join(folder, name);
    if (folder !== "" && (await exists(path))) return path;
  }
  return undefined;
}

/** Runs a program that is needed to have an engine. Fails with a sentence that names the engine and says what went wrong. */
export async function runFor(engine: string, program: string, args: readonly string[], env = {}): Promise<string> {
  try {
    const options = { env: { ...process.env, ...env }, maxBuffer: BUFFER_MAX_BYTES };
    return (await promisify(execFile)(program, [...args], options)).stdout;
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (code === "ENOENT")
      throw new StartError(`${engine} cannot be had: it takes ${program}, which is not on the path.`);
    const output = `${stdout ?? ""}${stderr ?? ""}`.trim().slice(-OUTPUT_MAX_CHARS);
    throw new StartError(`${engine} cannot be had: ${program} ${args.join(" ")} failed: ${output || error}`);
  }
}
