import type { Logger } from "pino";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "#kit/embedded-postgres/index.ts";
import { explain } from "#kit/process.ts";

/** What the PostgreSQL of a shop in one process needs. */
export interface KeepPostgresOptions {
  readonly dataDir: string;
  readonly log: Pick<Logger, "warn">;
  /** Aborted when the process ends: then the server may. */
  readonly stopping: AbortSignal;
  readonly onProgress: (text: string) => void;
  /** Ends the process when the server cannot be kept; for tests. */
  readonly onLost?: (reason: string) => void;
}

/** More often in a minute than this it is not started again: something is wrong that only a person can mend. */
const RESTARTS_MAX = 3;
const RESTARTS_WITHIN_MS = 60_000;

function endProcess(reason: string): void {
  console.error(`\n  The database ended by itself: ${reason}`);
  process.exit(1);
}

/**
 * The PostgreSQL that npm brings, kept running: when it ends by itself (killed, out of memory) it is started again where it
 * was, and the services find it there again as they would an outside one.
 */
export async function keepPostgres(options: KeepPostgresOptions): Promise<Pick<EmbeddedPostgres, "url" | "stop">> {
  const { dataDir, log, stopping, onProgress, onLost = endProcess } = options;
  const restarts: number[] = [];
  let restarting: Promise<void> = Promise.resolve();
  const start = (port?: number) =>
    startEmbeddedPostgres({ dataDir, onExit, log: onProgress, ...(port !== undefined && { port }) });

  async function restart(reason: string): Promise<void> {
    const nowMs = performance.now();
    restarts.push(nowMs);
    const recent = restarts.filter((it) => nowMs - it < RESTARTS_WITHIN_MS);
    if (recent.length > RESTARTS_MAX) return onLost(reason);
    log.warn({ reason }, "the database ended by itself and is started again");
    try {
      current = await start(Number(new URL(current.url).port));
    } catch (error) {
      if (!stopping.aborted) onLost(`${reason} It could not be started again: ${explain(error)}`);
    }
  }
  function onExit(reason: string): void {
    if (!stopping.aborted) restarting = restart(reason);
  }

  let current = await start();
  return {
    url: current.url,
    async stop() {
      await restarting;
      await current.stop();
    },
  };
}
