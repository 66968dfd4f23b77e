import http from "node:http";
import { Body } from "../wire/body.ts";
import type { Agents } from "./agents.ts";

const BODY_MAX_BYTES = 256 * 1024;

/**
 * Reads JSON from a workload by plain HTTP.
 * @throws Error when it does not come, whole and in time
 */
export function getJson(options: {
  readonly agents: Agents;
  readonly workload: string;
  readonly url: URL;
  readonly timeoutMs: number;
}): Promise<unknown> {
  const { agents, workload, url, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const request = http.request(
      { ...agents.optionsTo(workload, url), path: url.pathname, signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        const body = new Body(BODY_MAX_BYTES);
        response.on("data", (chunk: Buffer) => {
          if (!body.add(chunk)) request.destroy(new Error(`${workload} answers more than ${BODY_MAX_BYTES} bytes`));
        });
        response.on("error", reject);
        response.on("end", () => {
          if (response.statusCode !== 200) reject(new Error(`${workload} answers ${response.statusCode}`));
          else resolve(JSON.parse(body.bytes().toString()));
        });
      },
    );
    request.on("error", reject);
    request.end();
  });
}
