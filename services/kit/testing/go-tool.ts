import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** What Go calls a folder, also where Go itself is not on the path any more. */
function goFolder(variable: "GOPATH" | "GOMODCACHE", otherwise: string): string {
  try {
    return execFileSync("go", ["env", variable], { encoding: "utf8" }).trim() || otherwise;
  } catch {
    return process.env[variable] ?? otherwise;
  }
}

const goPath = () => goFolder("GOPATH", join(homedir(), "go"));

/** A program as `go install` leaves it, or anywhere on the path; undefined where it is not installed. */
export function findGoTool(name: string): string | undefined {
  const folders = [join(goPath(), "bin"), ...(process.env.PATH ?? "").split(delimiter)];
  return folders.map((it) => join(it, name)).find(existsSync);
}

/** Where Go keeps the sources of what it built: "connectrpc.com/conformance@v1.0.5". */
export function goModuleFolder(module: string): string {
  return join(goFolder("GOMODCACHE", join(goPath(), "pkg", "mod")), module);
}

/** Whether tests fail for want of a program that npm does not bring, in place of being left out. */
export const REQUIRE_GO_TOOLS = process.env.REQUIRE_GO_TOOLS === "true";
