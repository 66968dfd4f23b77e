import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type BackoffPolicy, backoffMs } from "#kit/client/backoff.ts";
import type { ServerSet } from "./server.ts";

const BACKOFF: BackoffPolicy = { baseMs: 1_000, factor: 2, maxMs: 30_000, jitter: 0 };

/** Where a developer reads what goes on. */
type Say = Pick<Console, "log" | "error">;

/** Starts engines again that end by themselves, each time saying so, until it is to stop; then ends them all. */
export async function keepEngines(
  engines: Readonly<Record<string, ServerSet>>,
  stopping: AbortSignal,
  say: Say = console,
): Promise<void> {
  for (const [name, engine] of Object.entries(engines)) keepUp(name, engine, stopping, say);
  if (!stopping.aborted) await once(stopping, "abort");
  say.log("\nStopping …");
  await Promise.all(Object.values(engines).map((it) => it.close()));
  say.log("Stopped.");
}

function keepUp(name: string, engine: ServerSet, stopping: AbortSignal, say: Say): void {
  let starting = false;
  engine.onDeath(async (how, logFile) => {
    if (starting || stopping.aborted) return;
    starting = true;
    say.error(`${name} has ended by itself (${how}); ${logFile} may say why. It is started again …`);
    await startAgain(name, engine, logFile, stopping, say);
    starting = false;
  });
}

async function startAgain(name: string, engine: ServerSet, logFile: string, stopping: AbortSignal, say: Say) {
  for (let tries = 1; !stopping.aborted; tries++) {
    try {
      await sleep(backoffMs(BACKOFF, tries), undefined, { signal: stopping });
      await engine.restart();
      return say.error(`${name} runs again, on the same port and with its data.`);
    } catch {
      // Ended once more, or by whoever stops all.
      if (!stopping.aborted) say.error(`${name} does not start; ${logFile} may say why. It is tried again …`);
    }
  }
}
