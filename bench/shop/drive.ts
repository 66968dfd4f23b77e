import { fileURLToPath } from "node:url";
import { runTool } from "../load/run-tool.ts";
import type { LoadOptions, LoadResult } from "./load.ts";

/** One call of a job. */
export interface JobCall {
  readonly headers: Readonly<Record<string, string>>;
  /** The framed message, in base64. */
  readonly frame: string;
}

/** What the driver's process reads. */
export interface DriverJob extends LoadOptions {
  readonly origin: string;
  readonly path: string;
  readonly calls: readonly JobCall[];
}

/** What it answers. */
export interface DriverResult extends LoadResult {
  /** How many calls ended with each gRPC status. */
  readonly statuses: Readonly<Record<string, number>>;
}

const DRIVER = fileURLToPath(new URL("./driver.ts", import.meta.url));

/** Makes each call of the job once. */
export async function drive(job: DriverJob): Promise<LoadResult> {
  const output = await runTool(process.execPath, [DRIVER], JSON.stringify(job));
  const { latenciesMs, seconds, statuses } = JSON.parse(output) as DriverResult;
  const wrong = Object.keys(statuses).find((it) => it !== "0");
  if (wrong !== undefined)
    throw new Error(`${job.path} was answered with gRPC status ${wrong} ${statuses[wrong]} times`);
  return { latenciesMs, seconds };
}
