import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { rootCertificates } from "node:tls";
import { StartError } from "../start-error.ts";
import { AWAY_STATUSES, S3Error, TIMED_OUT } from "./error.ts";
import type { S3Settings } from "./settings.ts";

/** How the client's requests get to the server and back. */
export interface Transport {
  /** Takes the place of `node:http` in the client. */
  readonly transport: Pick<typeof http, "request">;
  readonly agent: http.Agent;
  /** Lets go of connections that nobody uses. */
  dropIdle(): void;
  /** Requests that the work makes end with the signal. */
  within<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

/** How long a server may be silent, be it while it connects, takes a request, works on it or answers. */
export const SILENCE_MS = 10_000;
const SOCKETS_MAX = 64;
const FREE_SOCKETS_MAX = 16;
/** Of an answer that says no, what is read to learn why. */
const REASON_MAX_BYTES = 4_096;

function authorityOf({ caFile }: S3Settings): string[] | undefined {
  if (caFile === undefined) return undefined;
  let pem: string;
  try {
    pem = readFileSync(caFile, "utf8");
  } catch (error) {
    throw new StartError(`S3_CA cannot be read: ${(error as Error).message}.`);
  }
  if (!pem.includes("-----BEGIN CERTIFICATE-----"))
    throw new StartError(`S3_CA (${caFile}) holds no certificate in PEM.`);
  // Those that everybody knows stay good, since the server's certificate may be changed for one of theirs.
  return [...rootCertificates, pem];
}

function createAgent(settings: S3Settings, lookup: http.AgentOptions["lookup"]): http.Agent {
  const options = {
    keepAlive: true,
    maxSockets: SOCKETS_MAX,
    maxFreeSockets: FREE_SOCKETS_MAX,
    ...(lookup && { lookup }),
  };
  if (!settings.useTls) return new http.Agent(options);
  const ca = authorityOf(settings);
  return new https.Agent({ ...options, minVersion: "TLSv1.2", ...(ca && { ca }) });
}

/** Reads why a server cannot serve, and tells the one who asked. The client would throw the answer away unread, and its socket with it. */
function refuse(request: http.ClientRequest, response: http.IncomingMessage): void {
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (part: string) => {
    if (text.length < REASON_MAX_BYTES) text += part;
  });
  response.on("error", (error) => request.emit("error", error));
  response.on("end", () => {
    const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1];
    const message = `it answered ${response.statusCode}${code === undefined ? "" : ` ${code}`}`;
    request.emit("error", new S3Error(`HTTP_${response.statusCode}`, message));
  });
}

/**
 * A transport that gives up on a server that is silent for too long, whose requests can be ended, with connections that are
 * used again, and a bound on their number: of all this the client has nothing.
 * @param lookup finds addresses in place of DNS
 * @throws StartError when the authority's file is no good
 */
export function createTransport(settings: S3Settings, lookup?: http.AgentOptions["lookup"]): Transport {
  const agent = createAgent(settings, lookup);
  const send = settings.useTls ? https.request : http.request;
  // The client hands no signal on, so it goes past it.
  const signals = new AsyncLocalStorage<AbortSignal>();
  const request = (options: http.RequestOptions, onResponse: (response: http.IncomingMessage) => void) => {
    const signal = signals.getStore();
    const sent = send({ ...options, timeout: SILENCE_MS, ...(signal && { signal }) }, (response) => {
      if (AWAY_STATUSES.has(response.statusCode ?? 0)) refuse(sent, response);
      else onResponse(response);
    });
    return sent.on("timeout", () => sent.destroy(new S3Error(TIMED_OUT, "it does not answer in time")));
  };
  return {
    transport: { request: request as typeof http.request },
    agent,
    dropIdle() {
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    },
    within: (signal, work) => signals.run(signal, work),
  };
}
