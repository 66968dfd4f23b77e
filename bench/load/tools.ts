import { pinned } from "../pinning.ts";
import { runTool } from "./run-tool.ts";

/** Runs a load generator on the core for load and answers what it prints. */
export function runLoad(command: readonly string[], input = ""): Promise<string> {
  const [program = "", ...args] = pinned("load", command);
  return runTool(program, args, input);
}
