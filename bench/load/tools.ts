import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { pinned } from "../pinning.ts";
import { runTool } from "../shop/run-tool.ts";

/** Where `go install` puts programs. */
const GO_BIN = join(process.env.GOPATH ?? join(homedir(), "go"), "bin");

/** How to start a program: by its name if it is on the PATH, or from where Go installs to; undefined if it is not there. */
export function locate(program: string): string | undefined {
  return [program, join(GO_BIN, program)].find((it) => spawnSync(it, ["--version"]).error === undefined);
}

/** Runs a load generator on the core for load and answers what it prints. */
export function runLoad(command: readonly string[], input = ""): Promise<string> {
  const [program = "", ...args] = pinned("load", command);
  return runTool(program, args, input);
}
