import { spawn } from "node:child_process";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { StartError } from "#kit/start-error.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MARK = join(ROOT, "web/dist/.built-from");
const INPUTS = ["web", "gen", "package-lock.json"];
const IGNORED = new Set(["dist", "node_modules"]);

/** Names, sizes and times of all files the build reads: cheap to take, and different when any of them is. */
async function fingerprint(path: string): Promise<string[]> {
  const info = await stat(join(ROOT, path));
  if (!info.isDirectory()) return [`${path} ${info.size} ${info.mtimeMs}`];
  const entries = (await readdir(join(ROOT, path))).filter((it) => !IGNORED.has(it)).sort();
  return (await Promise.all(entries.map((it) => fingerprint(`${path}/${it}`)))).flat();
}

function build(): Promise<void> {
  return new Promise((resolve, reject) => {
    const vite = join(ROOT, "node_modules/vite/bin/vite.js");
    const child = spawn(process.execPath, [vite, "build", "web", "--logLevel", "error"], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new StartError(`The web app could not be built:\n${output.trim()}`)),
    );
  });
}

/** Builds the web app unless it was built from the very same files. Answers whether there was something to do. */
export async function buildWebApp(): Promise<boolean> {
  const current = (await Promise.all(INPUTS.map(fingerprint))).flat().join("\n");
  const built = await readFile(MARK, "utf8").catch(() => "");
  if (built === current) return false;
  await build();
  await writeFile(MARK, current);
  return true;
}
