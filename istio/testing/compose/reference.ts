import { rename } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "#kit/testing/engines/programs/cache.ts";
import { findProgram, runFor } from "#kit/testing/engines/programs/find.ts";
import { ROOT } from "../../contracts.ts";
import type { Project } from "./project.ts";

/** The library by which Docker's Compose reads its files, with its own small program. */
const MODULE = "github.com/compose-spec/compose-go/v2/cmd";
const VERSION = "v2.16.2";
const BUILT_AS = "cmd";
const GO_FOLDERS = ["/usr/local/go/bin"];

/** That program, built once (a quarter of a minute) and kept. */
async function composeGo(): Promise<string> {
  const folder = await cached(`compose-go-${VERSION}`, async (unfinished) => {
    const go = (await findProgram("go", GO_FOLDERS)) ?? "go";
    await runFor("compose-go", go, ["install", `${MODULE}@${VERSION}`], { GOBIN: unfinished, GOFLAGS: "-trimpath" });
    await rename(join(unfinished, BUILT_AS), join(unfinished, "compose-go"));
  });
  return join(folder, "compose-go");
}

/** A file as compose-go reads it, whatever the profile, where no variable is set. @throws StartError with what it finds wrong */
export async function readByReference(file: string): Promise<Project> {
  return JSON.parse(await runFor("compose-go", await composeGo(), ["-format", "json", join(ROOT, file)]));
}
