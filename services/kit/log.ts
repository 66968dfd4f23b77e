import { type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { Environment } from "./settings.ts";

export type { Logger };

const SECRET = ["password", "token", "authorization", "cookie", "number", "securityCode", "guestToken", "secret"];
const redactPaths = SECRET.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** A structured log on standard error: lines for people in a terminal, JSON elsewhere. Secrets are taken out by name. */
export function createLogger(options: { level: string; environment: Environment }): Logger {
  const forPeople = options.environment === "dev" && process.stderr.isTTY === true;
  const stream = forPeople
    ? pretty({ destination: 2, sync: true, ignore: "pid,hostname", translateTime: "HH:MM:ss" })
    : pino.destination({ dest: 2, sync: false });
  return pino({ level: options.level, redact: { paths: redactPaths, censor: "[redacted]" } }, stream);
}
