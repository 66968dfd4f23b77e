import { type DestinationStream, type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { Environment } from "./settings.ts";

export type { Logger };

const DEPTH_MAX = 8;
const CENSORED = "[redacted]";
// Names of fields, headers and parameters whose values are nobody's business. A "number" is a card's.
const SECRET =
  /^number$|(?:pass(?:word|wd|phrase)|token|authorization|cookie|secret|cardnumber|securitycode|cvc|cvv)s?$/;
const HARMLESS = /pagetoken$/;

function isSecret(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_]/g, "");
  return SECRET.test(plain) && !HARMLESS.test(plain);
}

/** What of an error goes to a log: libraries hang connections, requests and whatever else on theirs. */
function plainError(error: Error): object {
  const { name: type, message, stack, cause } = error;
  const code = "code" in error ? { code: error.code } : {};
  return { type, message, ...code, stack, ...(cause !== undefined && { cause }) };
}

/** A copy without the values of fields that are secret by their name, however deep. */
function redact(value: unknown, within: readonly object[] = []): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || value instanceof Date) return value;
  if (within.includes(value) || within.length === DEPTH_MAX) return "[left out]";
  const inside = [...within, value];
  if (value instanceof Error) return redact(plainError(value), inside);
  if (Array.isArray(value)) return value.map((it) => redact(it, inside));
  const entries = value instanceof Headers || value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(
    entries.map(([name, it]) => [name, isSecret(String(name)) ? CENSORED : redact(it, inside)]),
  );
}

const redactFields = (fields: object) => redact(fields) as Record<string, unknown>;

/**
 * A structured log on standard error: lines for people in a terminal, JSON elsewhere. Secrets are taken out by name.
 * @param to somewhere else to write JSON lines to, for tests
 */
export function createLogger(options: { level: string; environment: Environment }, to?: DestinationStream): Logger {
  const forPeople = to === undefined && options.environment === "dev" && process.stderr.isTTY === true;
  const stream = forPeople
    ? pretty({ destination: 2, sync: true, ignore: "pid,hostname", translateTime: "HH:MM:ss" })
    : (to ?? pino.destination({ dest: 2, sync: false }));
  // Errors are plain fields by the time that pino would serialize them.
  const serializers = { err: (it: unknown) => it };
  return pino({ level: options.level, formatters: { log: redactFields }, serializers }, stream);
}
