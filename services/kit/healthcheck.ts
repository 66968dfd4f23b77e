// Asks the service of this container how it is, for Docker's HEALTHCHECK: `node services/kit/healthcheck.ts [service] [/ready]`. Ends
// with 0 when all is well, with 1 and a sentence when not. Without a service it is the one that the container's first process
// runs; without a path it is /health, which says nothing of stores: what is away is not mended by ending who waits for it.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { Env } from "./env.ts";
import { DEFAULT_PORTS, readSettings, type Settings, type Workload } from "./settings.ts";
import { StartError } from "./start-error.ts";

const USAGE = "Usage: node services/kit/healthcheck.ts [service] [/health | /ready]";
/** Longer than a service takes to find that its store does not answer; shorter than what Docker is told to wait. */
const TIMEOUT_MS = 2_500;
const FIRST_PROCESS = "/proc/1/cmdline";
const WEB = "web";
/** "services/order/main.ts", "/app/services/edge/web.ts" */
const PROGRAM = /(?:^|\/)services\/([a-z][a-z0-9]*)\/(main|web)\.ts$/;

/** What the container's first process serves; undefined for a task, such as migrating, which is well while it runs. */
function serviceOf(commandLine: readonly string[]): string | undefined {
  const at = commandLine.findIndex((it) => PROGRAM.test(it));
  const [, folder, file] = PROGRAM.exec(commandLine[at] ?? "") ?? [];
  // A word behind the program's name, as in `main.ts migrate`, makes it a task.
  if (folder === undefined || at < commandLine.length - 1) return undefined;
  if (file === WEB) return WEB;
  return folder in DEFAULT_PORTS ? folder : undefined;
}

function portOf(service: string, { ports, webPort }: Settings): number {
  if (service === WEB) return webPort;
  const port = ports[service as Workload];
  if (port === undefined) throw new StartError(`There is no service "${service}". ${USAGE}`);
  return port;
}

/** Where a service that listens on all addresses can be asked from beside it. */
function hostOf({ host }: Settings): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

/** What a service answers: its status, and a sentence. */
function ask(service: string, path: string, settings: Settings): Promise<{ status: number; text: string }> {
  // The edge's port and that of the web app's files are for browsers: no certificate of a workload is asked for there.
  const secure = settings.identity.kind === "tls" && service !== "edge" && service !== WEB;
  const options = {
    host: hostOf(settings),
    port: portOf(service, settings),
    path,
    timeout: TIMEOUT_MS,
    // The question is whether this very port answers, and nothing secret is said: an expired certificate is others' to refuse.
    rejectUnauthorized: false,
  };
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).get(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text: text.trim() }));
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new StartError(`${service} does not answer.`)));
    request.on("error", reject);
  });
}

/**
 * Asks, and says what the answer was.
 * @param words a service, a path, both or none, as on the command line
 * @param commandLine that of the container's first process, word by word
 * @throws StartError when the words or the settings are wrong; Error when nothing answers
 */
export async function check(
  words: readonly string[],
  env: Env,
  commandLine: () => readonly string[],
): Promise<{ healthy: boolean; sentence: string }> {
  const path = words.find((it) => it.startsWith("/")) ?? "/health";
  const [named, ...others] = words.filter((it) => !it.startsWith("/"));
  if (others.length > 0 || words.length > 2 || !["/health", "/ready"].includes(path)) throw new StartError(USAGE);
  const service = named ?? serviceOf(commandLine());
  if (service === undefined) return { healthy: true, sentence: "a task, which answers nobody" };
  const { status, text } = await ask(service, path, readSettings(env));
  return { healthy: status === 200, sentence: text };
}

if (import.meta.main) {
  try {
    const firstProcess = () => readFileSync(FIRST_PROCESS, "utf8").split("\0").slice(0, -1);
    const { healthy, sentence } = await check(process.argv.slice(2), process.env, firstProcess);
    console.log(sentence);
    process.exitCode = healthy ? 0 : 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
