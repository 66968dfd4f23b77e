// The order service alone in a process, which kills itself at a chosen moment: just before or just after one of the
// writes of a checkout. Started by crash.ts.

import { createShared, startService } from "#kit/kit.ts";
import { createLogger } from "#kit/log.ts";
import { readSettings } from "#kit/settings.ts";
import { createMain } from "../../order/main.ts";

// What only reads, or only looks for work, is no moment to die at.
const READS = new Set([
  "byId",
  "byRequest",
  "checkoutOf",
  "list",
  "claimUnfinished",
  "underWay",
  "unfinishedRefunds",
  "refundById",
]);

const crashAt = Number(process.env.CRASH_AT ?? 0);
let moments = 0;

/** A moment between two writes; the process ends at the one it was told. */
function moment(what: string): void {
  moments += 1;
  if (moments !== crashAt) return;
  process.stderr.write(`killed ${what}\n`);
  process.kill(process.pid, "SIGKILL");
}

function around<T extends object>(name: string, part: T): T {
  return new Proxy(part, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function" || READS.has(String(key))) return value;
      return async (...args: unknown[]) => {
        moment(`before ${name}.${String(key)}`);
        const result: unknown = await value.apply(target, args);
        moment(`after ${name}.${String(key)}`);
        return result;
      };
    },
  });
}

const settings = readSettings(process.env);
const log = createLogger({ level: settings.logLevel, environment: settings.environment });
const shared = await createShared({ settings, log, postgresUrl: settings.postgresUrl ?? "" });
const service = await startService(shared, "order", createMain(around));
process.stdout.write(`${service.port}\n`);
process.on("SIGTERM", () => void service.close().then(() => process.exit(0)));
