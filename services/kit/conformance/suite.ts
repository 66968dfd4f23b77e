import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findGoTool, goModuleFolder } from "../testing/go-tool.ts";

/** The suite's version; newer ones may test more. */
const VERSION = "v1.0.5";
/** How to get the suite; needs Go. */
export const INSTALL = `go install connectrpc.com/conformance/cmd/connectconformance@${VERSION}`;

// Our own machine also makes the other end of each call.
const CALLS_AT_A_TIME = 8;
const SERVERS_AT_A_TIME = 4;

const here = dirname(fileURLToPath(import.meta.url));

/** Where the suite is. */
export interface Suite {
  readonly program: string;
  /** The suite's proto files, which Go keeps where it built the program from. */
  readonly protoDir: string;
}

/** How a run of the suite ended. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** Cases that never came to be run, since the program under test was gone or silent. */
  readonly notRun: number;
  /** What the suite says, failed cases first. */
  readonly report: string;
}

/** The suite as `go install` leaves it; undefined where it is not installed. */
export function findSuite(): Suite | undefined {
  const protoDir = join(goModuleFolder(`connectrpc.com/conformance@${VERSION}`), "proto");
  const program = findGoTool("connectconformance");
  return program === undefined || !existsSync(protoDir) ? undefined : { program, protoDir };
}

/** Builds the descriptor set of the suite's contract; it is made where it is needed and not kept with our own. */
export async function buildDescriptorSet({ protoDir }: Suite): Promise<string> {
  const path = join(".cache", "conformance", `${VERSION}.binpb`);
  await mkdir(dirname(path), { recursive: true });
  execFileSync("buf", ["build", protoDir, "--output", path]);
  return path;
}

function countOf(report: string, pattern: RegExp): number {
  return Number(pattern.exec(report)?.[1] ?? 0);
}

/** Reads what the suite prints at its end. @throws Error when it broke off before that. */
export function readReport(report: string): Outcome {
  const [, passed, failed] = /^(\d+) passed, (\d+) failed/m.exec(report) ?? [];
  if (passed === undefined || failed === undefined) throw new Error(`The conformance suite broke off:\n${report}`);
  const notRun = countOf(report, /^Another (\d+) could not be run/m);
  return { passed: Number(passed), failed: Number(failed), notRun, report };
}

/** Runs the suite against our server or our client. */
export function runSuite(suite: Suite, mode: "server" | "client", descriptorSet: string): Promise<Outcome> {
  const options = ["--mode", mode, "--conf", join(here, `${mode}.yaml`), "--max-servers", `${SERVERS_AT_A_TIME}`];
  if (mode === "server")
    options.push("--parallel", `${CALLS_AT_A_TIME}`, "--known-flaky", `@${join(here, "known-flaky.txt")}`);
  const underTest = [process.execPath, join(here, `${mode}.ts`), descriptorSet];
  const run = spawn(suite.program, [...options, "--", ...underTest], { stdio: ["ignore", "pipe", "pipe"] });
  const output: Buffer[] = [];
  for (const stream of [run.stdout, run.stderr]) stream.on("data", (chunk: Buffer) => output.push(chunk));
  return new Promise((resolve, reject) => {
    run.on("error", reject);
    run.on("close", () => {
      try {
        resolve(readReport(Buffer.concat(output).toString()));
      } catch (error) {
        reject(error);
      }
    });
  });
}
