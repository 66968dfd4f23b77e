import { spawn } from "node:child_process";
import { once } from "node:events";

const TIMEOUT_MS = 120_000;

/** Runs a program to its end and answers what it wrote; `input` is what it reads. */
export async function runTool(program: string, args: readonly string[], input = ""): Promise<string> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], timeout: TIMEOUT_MS });
  const chunks: Buffer[] = [];
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const ended = once(child, "close");
  child.stdin.end(input);
  const [code] = await ended.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new Error(`${program} is not there; bench/README.md says how to get it.`);
    throw error;
  });
  if (code !== 0) throw new Error(`${program} ended with ${code}:\n${errors}`);
  return Buffer.concat(chunks).toString();
}
