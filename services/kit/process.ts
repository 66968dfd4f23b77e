import { setTimeout as sleep } from "node:timers/promises";
import { createLogger, type Logger } from "./log.ts";
import { readSettings, type Settings } from "./settings.ts";
import { StartError } from "./start-error.ts";

/** Something that a process started. */
export interface Stoppable {
  /** Says "not ready" from now on. */
  drain?(): void;
  close(): Promise<void>;
}

/** A process of the shop, from its settings to its end. */
export interface ShopProcess {
  readonly settings: Settings;
  readonly log: Logger;
  /** Aborted when the process shall end: what still starts or loads gives up. */
  readonly stopping: AbortSignal;
  /** Hands over what was started; last started, first stopped. */
  started(it: Stoppable): void;
}

/** What is told to people at a terminal; nothing by default. */
export interface ProcessHooks {
  readonly onStopping?: () => void;
  /** The start failed; before the sentence. */
  readonly onFailing?: () => void;
  /** The same; after the sentence. */
  readonly onFailed?: () => void;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A sentence for what a person can mend; the whole error for what they cannot. */
export function explain(error: unknown): string {
  if (error instanceof StartError) return error.message;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ENOSPC" || code === "53100")
    return "The disk is full; make room, or set DATA_DIR to a folder on another disk.";
  if (code === "EACCES" || code === "EROFS")
    return `${(error as Error).message}; set DATA_DIR to a folder this user may write to.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Stops all: says "not ready", waits so that load balancers notice, closes. Answers whether everything could be closed. */
async function stopAll(all: readonly Stoppable[], delayMs: number): Promise<boolean> {
  for (const it of all) it.drain?.();
  if (delayMs > 0) await sleep(delayMs);
  let clean = true;
  // What cannot be stopped in order must not keep the rest, the database least of all, running.
  for (const it of all.toReversed()) {
    await it.close().catch((error: unknown) => {
      clean = false;
      console.error(error);
    });
  }
  return clean;
}

/**
 * Runs a process of the shop: reads the settings, starts what `main` starts, and stops it when a signal comes; in the
 * middle of the start, as soon as the step under way is over. Ends with 0 when it was told to end and could close
 * everything, with 1 otherwise.
 */
export function runProcess(main: (it: ShopProcess) => Promise<void>, hooks: ProcessHooks = {}): void {
  const stopping = new AbortController();
  const all: Stoppable[] = [];
  let delayMs = 0;
  const start = async () => {
    const settings = readSettings(process.env);
    delayMs = settings.shutdownDelayMs;
    const log = createLogger({ level: settings.logLevel, environment: settings.environment });
    await main({ settings, log, stopping: stopping.signal, started: (it) => void all.push(it) });
  };
  const onSignal = () => {
    if (stopping.signal.aborted) process.exit(1); // a second Ctrl-C means now
    stopping.abort();
    hooks.onStopping?.();
    void starting.then(() => stopAll(all, delayMs)).then((clean) => process.exit(clean ? 0 : 1));
  };
  // SIGHUP: the terminal was closed. There is nobody to tell, and everything to stop all the same.
  for (const signal of SIGNALS) process.on(signal, onSignal);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  // Not before somebody listens for signals: what has begun must not be ended without a word.
  const starting = start().catch(async (error: unknown) => {
    if (stopping.signal.aborted) return; // whatever the start stumbled over, it is wanted no more
    stopping.abort();
    hooks.onFailing?.();
    console.error(`\n  ${explain(error)}\n`);
    hooks.onFailed?.();
    await stopAll(all, 0);
    process.exit(1);
  });
}

/**
 * Runs a task to its end: 0 when it is done, 1 with a sentence when it failed. A signal ends it at once, with the exit
 * code of one that was not done.
 */
export async function runTask(task: (it: { settings: Settings; log: Logger }) => Promise<void>): Promise<never> {
  for (const signal of SIGNALS) process.on(signal, () => process.exit(1));
  try {
    const settings = readSettings(process.env);
    await task({ settings, log: createLogger({ level: settings.logLevel, environment: settings.environment }) });
    process.exit(0);
  } catch (error) {
    console.error(`\n  ${explain(error)}\n`);
    process.exit(1);
  }
}
