import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "./cache.ts";
import { findProgram, runFor } from "./find.ts";

/** Where Go's own installer puts it, for paths that do not have it. */
const GO_FOLDERS = ["/usr/local/go/bin"];

/** A program that `go install` builds: the one on the path, else built once (a minute or two) and kept. */
export async function goProgram(name: string, module: string, version: string): Promise<string> {
  const found = await findProgram(name);
  if (found !== undefined) return found;
  const folder = await cached(`${name}-${version}`, async (unfinished) => {
    const go = (await findProgram("go", GO_FOLDERS)) ?? "go";
    const bin = join(unfinished, "bin");
    await mkdir(bin);
    await runFor(name, go, ["install", `${module}@${version}`], { GOBIN: bin, GOFLAGS: "-trimpath" });
    await rename(join(bin, name), join(unfinished, name));
    await rm(bin, { recursive: true });
  });
  return join(folder, name);
}
